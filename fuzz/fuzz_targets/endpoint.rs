//! Endpoints with values in them, under libFuzzer.

#![no_main]

#[path = "../entries/endpoint.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::check(bytes));
