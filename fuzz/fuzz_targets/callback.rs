//! Answers at the callback, under libFuzzer.

#![no_main]

#[path = "../entries/callback.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::check(bytes));
