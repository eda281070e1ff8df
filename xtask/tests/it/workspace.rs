//! The workspace, as cargo reads it.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use serde::Deserialize;

/// What `cargo metadata` tells.
#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    workspace_members: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    id: String,
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `dev`, `build`, or none for an ordinary one.
    pub(crate) kind: Option<String>,
    /// Where it comes from; none for a crate of ours.
    pub(crate) source: Option<String>,
}

/// A file of the workspace, by its path from the root.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every crate that is built into `name`, by any way and on any system, without what only tests or build scripts need.
pub(crate) fn built_into(name: &str) -> BTreeSet<String> {
    tree(name, &[])
}

/// The same, without the features that `name` has by default.
pub(crate) fn built_into_without_features(name: &str) -> BTreeSet<String> {
    tree(name, &["--no-default-features"])
}

fn tree(name: &str, features: &[&str]) -> BTreeSet<String> {
    let tree = ["tree", "--package", name, "--edges=normal", "--prefix=none", "--target=all"];
    let tree = cargo(&[&tree, features].concat());
    let crates = tree.lines().filter_map(|line| line.split_whitespace().next());
    crates.filter(|found| *found != name).map(str::to_owned).collect()
}

/// What cargo prints. The lock file decides; crates of other systems may have to be fetched once.
fn cargo(arguments: &[&str]) -> String {
    let cargo = option_env!("CARGO").unwrap_or("cargo");
    let mut command = Command::new(cargo);
    let output = command.args(arguments).arg("--locked").current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

// === impl Metadata ===

impl Metadata {
    pub(crate) fn read() -> Self {
        serde_json::from_str(&cargo(&["metadata", "--format-version=1", "--no-deps"])).unwrap()
    }

    /// The crates of ours.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| self.workspace_members.contains(&package.id))
    }
}
