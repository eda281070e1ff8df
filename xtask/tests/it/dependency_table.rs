//! Every dependency is explained in docs/dependencies.md, and every explained one is used.

use std::collections::BTreeSet;

use crate::workspace::{Metadata, text};

/// Names in the first cell of the tables' rows, such as `| `serde` | …`.
fn explained() -> BTreeSet<String> {
    let page = text("docs/dependencies.md");
    let cells =
        page.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split(" | ").next());
    cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(str::to_owned).collect()
}

/// Keys of `[workspace.dependencies]` that are not ours.
fn declared() -> BTreeSet<String> {
    let manifest = text("Cargo.toml");
    let (_, section) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    let section = section.split("\n[").next().unwrap();
    let entries = section.lines().filter_map(|line| line.split_once(" = "));
    entries.filter(|(_, value)| !value.contains("path = ")).map(|(name, _)| name.to_owned()).collect()
}

/// What crates of ours depend on directly, in any way.
fn used() -> BTreeSet<String> {
    let metadata = Metadata::read();
    let all = metadata.members().flat_map(|package| &package.dependencies);
    all.filter(|dependency| dependency.source.is_some()).map(|dependency| dependency.name.clone()).collect()
}

/// What benchmarks, tests and the pages have from npm.
fn packages_of_node() -> BTreeSet<String> {
    let folders = [
        "bench/fastify",
        "crates/keyferry/tests/fixtures/axe",
        "crates/keyferry/tests/fixtures/foreign",
        "crates/keyferry/tests/fixtures/oidc-provider",
        "crates/keyferry-app/assets",
    ];
    let dependencies = folders.map(|folder| {
        let manifest = text(&format!("{folder}/package.json"));
        let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
        let of = |kind: &str| manifest[kind].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>());
        ["dependencies", "optionalDependencies"].map(|kind| of(kind).unwrap_or_default()).concat()
    });
    dependencies.into_iter().flatten().collect()
}

/// What tests have from PyPI: the first part of each list, for the rest is what that stands on.
fn packages_of_python() -> BTreeSet<String> {
    let folders = [
        "keyferry/tests/fixtures/foreign",
        "keyferry/tests/fixtures/schemathesis",
        "keyferry-proxy/tests/fixtures/deploy",
    ];
    let lists = folders.map(|folder| {
        let list = text(&format!("crates/{folder}/requirements.txt"));
        let (own, _) = list.split_once("\n\n").unwrap();
        let names = own.lines().filter_map(|line| line.split_once("=="));
        names.map(|(name, _)| name.trim().to_owned()).collect::<Vec<_>>()
    });
    lists.into_iter().flatten().collect()
}

#[test]
fn every_dependency_is_explained_and_every_explained_one_is_declared() {
    let declared =
        [declared(), packages_of_node(), packages_of_python()].into_iter().flatten().collect::<BTreeSet<_>>();
    let explained = explained();
    let missing: Vec<_> = declared.difference(&explained).collect();
    let gone: Vec<_> = explained.difference(&declared).collect();
    assert!(missing.is_empty() && gone.is_empty(), "not explained: {missing:?}; not declared: {gone:?}");
}

#[test]
fn every_declared_dependency_is_used_and_every_used_one_is_declared() {
    let (declared, used) = (declared(), used());
    let idle: Vec<_> = declared.difference(&used).collect();
    let elsewhere: Vec<_> = used.difference(&declared).collect();
    assert!(idle.is_empty() && elsewhere.is_empty(), "not used: {idle:?}; declared elsewhere: {elsewhere:?}");
}
