//! Requests to the proxy, under libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| keyferry_proxy::fuzz::request::check(bytes));
