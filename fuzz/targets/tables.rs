#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| mriseg_fuzz::tables(bytes));
