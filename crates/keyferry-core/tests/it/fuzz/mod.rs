//! The fuzz targets of `fuzz/` as ordinary tests: each over its seeds, and over some thousand mutations of them, the same ones in
//! every run. `cargo xtask fuzz` looks further.

mod mutator;

use std::{fs, path::Path};

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
#[path = "../../../../../fuzz/entries/token_reply.rs"]
mod token_reply;

/// The files of folders, from the workspace's root, in the order of their names.
fn seeds(folders: &[&str]) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths: Vec<_> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(root.join(folder)).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Tries the seeds and mutations of them. Says which bytes failed, so that they can become a seed.
fn try_all(seeds: &[Vec<u8>], mutations: usize, check: fn(&[u8])) {
    let mut mutator = Mutator::new(seeds);
    let mutated = std::iter::repeat_with(|| mutator.next()).take(mutations);
    for bytes in seeds.iter().cloned().chain(mutated) {
        if std::panic::catch_unwind(|| check(&bytes)).is_err() {
            panic!("see above what failed; with these bytes: b\"{}\"", bytes.escape_ascii());
        }
    }
}

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
