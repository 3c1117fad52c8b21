//! See `hostile::config`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| syncwatch_fuzz::config(data));
