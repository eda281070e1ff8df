//! The fuzz targets of `fuzz/` as ordinary tests: each over its seeds, and over some thousand mutations of them, the same ones in
//! every run. `cargo xtask fuzz` looks further.

#[path = "../../../../../fuzz/as_tests.rs"]
mod as_tests;
#[path = "../../../../../fuzz/mutator.rs"]
mod mutator;

use as_tests::{seeds, try_all};
use keyferry_core::provider::{ProviderFile, schema};
use mutator::Mutator;

#[path = "../../../../../fuzz/entries/callback.rs"]
mod callback;
#[path = "../../../../../fuzz/entries/catalog_index.rs"]
mod catalog_index;
#[path = "../../../../../fuzz/entries/endpoint.rs"]
mod endpoint;
#[path = "../../../../../fuzz/entries/manifest.rs"]
mod manifest;
#[path = "../../../../../fuzz/entries/provider_file.rs"]
mod provider_file;
#[path = "../../../../../fuzz/entries/state.rs"]
mod state;
#[path = "../../../../../fuzz/entries/token_reply.rs"]
mod token_reply;

#[test]
fn no_text_breaks_the_reader_of_provider_files() {
    try_all(&seeds(&["fuzz/seeds/provider_file", "providers"]), 3_000, provider_file::check);
}

#[test]
fn no_text_breaks_the_reader_of_manifests() {
    try_all(&seeds(&["fuzz/seeds/manifest", "catalog"]), 5_000, manifest::check);
}

#[test]
fn no_text_breaks_the_reader_of_indexes_of_catalogs() {
    try_all(&seeds(&["fuzz/seeds/catalog_index"]), 20_000, catalog_index::check);
}

#[test]
fn no_bytes_break_the_reader_of_token_replies() {
    try_all(&seeds(&["fuzz/seeds/token_reply"]), 20_000, token_reply::check);
}

#[test]
fn no_answer_is_sent_on_to_a_stranger() {
    try_all(&seeds(&["fuzz/seeds/callback"]), 20_000, callback::check);
}

#[test]
fn no_answer_passes_for_that_of_another_sign_in() {
    try_all(&seeds(&["fuzz/seeds/state"]), 20_000, state::check);
}

#[test]
fn no_value_leaves_its_place_in_an_endpoint() {
    try_all(&seeds(&["fuzz/seeds/endpoint"]), 20_000, endpoint::check);
}

#[test]
fn the_schema_takes_every_mutation_that_the_parser_takes() {
    let validator = jsonschema::draft7::new(&schema()).unwrap();
    let seeds = seeds(&["fuzz/seeds/provider_file", "providers"]);
    let mut mutator = Mutator::new(&seeds);
    let mut taken = 0;
    for _ in 0..3_000 {
        let Ok(text) = String::from_utf8(mutator.next()) else { continue };
        if ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).is_ok() {
            let value = serde_json::to_value(text.parse::<toml::Table>().unwrap()).unwrap();
            let found = validator.validate(&value).map_err(|error| error.to_string());
            assert_eq!(found, Ok(()), "{text}");
            taken += 1;
        }
    }
    assert!(taken > 100, "{taken}");
}
