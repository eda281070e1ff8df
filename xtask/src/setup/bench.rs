//! What the benchmark compares with: nginx, and a service written on Fastify.

use super::{node, packages};
use crate::{machine::nginx, step::say};

/// The folder of the service written on Fastify, from the workspace's root.
const FASTIFY: &str = "bench/fastify";

/// Installs what is missing.
pub(super) fn run() -> Result<(), String> {
    let there = nginx().is_some();
    say(&format!("  nginx: {}", if there { "there" } else { "missing" }));
    if !there {
        packages::install(&["nginx-light"])?;
    }
    node::run(FASTIFY)
}
