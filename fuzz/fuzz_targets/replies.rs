//! See `hostile::replies`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    syncwatch_fuzz::replies(data);
});
