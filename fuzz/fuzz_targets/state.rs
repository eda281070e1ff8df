//! Answers to a sign-in and their `state`, under libFuzzer.

#![no_main]

#[path = "../entries/state.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::check(bytes));
