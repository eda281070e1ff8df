//! Indexes of catalogs, under libFuzzer.

#![no_main]

#[path = "../entries/catalog_index.rs"]
mod entry;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| entry::check(bytes));
