//! The targets as ordinary tests: each over its seeds, and over some thousand mutations of them, the same ones in every run.

use std::{fs, path::Path};

use super::mutator::Mutator;

/// The files of folders, from the workspace's root, in the order of their names.
pub(crate) fn seeds(folders: &[&str]) -> Vec<Vec<u8>> {
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
pub(crate) fn try_all(seeds: &[Vec<u8>], mutations: usize, check: fn(&[u8])) {
    let mut mutator = Mutator::new(seeds);
    let mutated = std::iter::repeat_with(|| mutator.next()).take(mutations);
    for bytes in seeds.iter().cloned().chain(mutated) {
        if std::panic::catch_unwind(|| check(&bytes)).is_err() {
            panic!("see above what failed; with these bytes: b\"{}\"", bytes.escape_ascii());
        }
    }
}
