//! The page that says which test shows what the standards demand.

use std::{fs, path::Path};

use crate::support::named::tests;

const PAGE: &str = "docs/proxy-standards.md";

#[test]
fn each_demand_of_a_standard_names_tests_that_exist() {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(package.join("../..").join(PAGE)).unwrap();
    let tests = tests(&["crates/keyferry-proxy/src", "crates/keyferry-proxy/tests"]);
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
