//! Token replies, under libFuzzer.

#![no_main]

#[path = "../entries/token_reply.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::check(bytes));
