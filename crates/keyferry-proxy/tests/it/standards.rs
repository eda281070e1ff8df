//! The page that says which test shows what the standards demand.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const PAGE: &str = "docs/proxy-standards.md";

#[test]
fn each_demand_of_a_standard_names_tests_that_exist() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(package.join("../..").join(PAGE)).unwrap();
    let (mut tests, mut folders) = (BTreeSet::new(), vec![package.join("src"), package.join("tests")]);
    while let Some(folder) = folders.pop() {
        let inside: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        folders.extend(inside.iter().filter(|path| path.is_dir()).cloned());
        for file in inside.iter().filter(|path| path.extension().is_some_and(|end| end == "rs")) {
            tests.extend(names(&fs::read_to_string(file).unwrap()));
        }
    }
    let rows: Vec<_> = page.lines().filter(|line| is_row(line)).collect();
    assert!(rows.len() > 25, "{} rows", rows.len());
    for row in rows {
        let named: Vec<_> = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "no test: {row}");
        for name in named {
            assert!(tests.contains(name), "there is no test {name}: {row}");
        }
    }
}

/// Whether it is one of the table's, which begins with the number of an RFC.
fn is_row(line: &str) -> bool {
    line.strip_prefix("| ").is_some_and(|cells| cells.starts_with(|first: char| first.is_ascii_digit()))
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
