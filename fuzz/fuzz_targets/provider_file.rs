//! Provider files, under libFuzzer.

#![no_main]

#[path = "../entries/provider_file.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::check(bytes));
