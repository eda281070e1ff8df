//! The tests that a page may name.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The names of all tests in these folders of the workspace.
pub(crate) fn tests(folders: &[&str]) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut tests, mut folders) =
        (BTreeSet::new(), folders.iter().map(|folder| root.join(folder)).collect::<Vec<_>>());
    while let Some(folder) = folders.pop() {
        let inside: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.extend(inside.iter().filter(|path| path.is_dir()).cloned());
        for file in inside.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
            tests.extend(names(&fs::read_to_string(file).unwrap()));
        }
    }
    tests
}

/// The functions that are marked as tests.
fn names(code: &str) -> Vec<String> {
    let lines: Vec<_> = code.lines().map(str::trim).collect();
    let marked = lines.iter().enumerate().filter(|(_, line)| {
        line.starts_with("#[test]") || line.starts_with("#[tokio::test") || line.starts_with("#[proptest")
    });
    marked
        .filter_map(|(at, _)| lines.iter().skip(at + 1).find(|line| line.contains("fn ")))
        .filter_map(|line| line.split("fn ").nth(1)?.split('(').next())
        .map(str::to_owned)
        .collect()
}
