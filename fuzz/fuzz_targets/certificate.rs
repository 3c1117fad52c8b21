//! See `hostile::certificate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| syncwatch_fuzz::certificate(data));
