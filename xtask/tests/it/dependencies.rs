//! Dependencies point one way.

use std::collections::BTreeMap;

use crate::workspace::{Metadata, built_into, built_into_without_features};

/// What each crate of ours may be built on, of ours.
const MAY_USE: [(&str, &[&str]); 8] = [
    (
        "keyferry",
        &["keyferry-app", "keyferry-core", "keyferry-providers", "keyferry-proxy", "keyferry-sandbox"],
    ),
    ("keyferry-app", &["keyferry-core", "keyferry-providers"]),
    ("keyferry-core", &[]),
    ("keyferry-load", &["keyferry-core"]),
    ("keyferry-providers", &["keyferry-core"]),
    ("keyferry-proxy", &["keyferry-core"]),
    ("keyferry-sandbox", &["keyferry-core"]),
    ("xtask", &[]),
];

/// What brings I/O, a runtime, a clock or randomness: the rules of the core are to be testable without any.
const NOT_IN_THE_CORE: [&str; 14] = [
    "axum",
    "chrono",
    "getrandom",
    "hyper",
    "mio",
    "open",
    "rand",
    "reqwest",
    "rusqlite",
    "rustix",
    "rustls",
    "socket2",
    "tokio",
    "tower",
];

/// What only the app needs, and would make a proxy large.
const NOT_IN_THE_PROXY_ALONE: [&str; 8] = [
    "bollard",
    "chromiumoxide_cdp",
    "keyferry-app",
    "keyferry-sandbox",
    "keyring-core",
    "reqwest",
    "rmcp",
    "rusqlite",
];

#[test]
fn crates_of_ours_use_only_what_stands_below_them() {
    let metadata = Metadata::read();
    let allowed: BTreeMap<_, _> = MAY_USE.into_iter().collect();
    let mut seen = 0;
    for package in metadata.members() {
        let may_use = allowed.get(package.name.as_str()).unwrap_or_else(|| {
            panic!("{}: say in this test what the new crate may be built on", package.name)
        });
        for dependency in &package.dependencies {
            let ours = dependency.source.is_none();
            let shipped = dependency.kind.as_deref() != Some("dev");
            assert!(
                !(ours && shipped) || may_use.contains(&dependency.name.as_str()),
                "{} may not be built on {}",
                package.name,
                dependency.name
            );
        }
        seen += 1;
    }
    assert_eq!(seen, MAY_USE.len(), "a crate that is no more stands in this test");
}

#[test]
fn the_two_tiers_meet_only_over_http() {
    assert!(!built_into("keyferry-app").contains("keyferry-proxy"));
    assert!(!built_into("keyferry-proxy").contains("keyferry-app"));
    assert!(built_into("keyferry").contains("keyferry-core"), "or the graph is not what it seems");
}

#[test]
fn the_proxy_alone_is_built_without_the_app() {
    let (alone, whole) = (built_into_without_features("keyferry"), built_into("keyferry"));
    assert!(alone.contains("keyferry-proxy"), "or the graph is not what it seems");
    for name in NOT_IN_THE_PROXY_ALONE {
        assert!(whole.contains(name), "{name} is not in the whole program either");
        assert!(!alone.contains(name), "{name}");
    }
}

#[test]
fn nothing_in_the_core_does_io() {
    let core = built_into("keyferry-core");
    assert!(core.contains("serde") && core.contains("url"), "or the graph is not what it seems");
    let found: Vec<_> = NOT_IN_THE_CORE.into_iter().filter(|name| core.contains(*name)).collect();
    assert!(found.is_empty(), "{found:?}");
}
