//! Sealed refresh tokens, under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keyferry_proxy::fuzz::sealed_token::check(bytes));
