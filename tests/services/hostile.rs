//! What is fuzzed (`fuzz/`), with some random bytes each time, and with those that once went wrong.

#[path = "../../fuzz/src/lib.rs"]
mod fuzz;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_a_server_answers(mut data: Vec<u8>, kind in 0_u8..5) {
        data.insert(0, kind);
        fuzz::replies(&data);
    }

    #[test]
    fn whatever_stands_in_a_config(data: Vec<u8>) {
        fuzz::config(&data);
    }

    #[test]
    fn whatever_is_served_as_a_certificate(data: Vec<u8>) {
        fuzz::certificate(&data);
    }
}

#[test]
fn a_server_of_each_kind_is_understood_as_long_as_it_behaves() {
    for kind in 0..5 {
        // Bytes that vary nothing.
        let data = [vec![kind], vec![7; 20_000]].concat();
        assert!(fuzz::replies(&data) > 0, "{kind}");
    }
}
