//! What the benchmark compares with: nginx, and a service written on Fastify.

use super::node;
use crate::machine::nginx;

/// The folder of the service written on Fastify, from the workspace's root.
const FASTIFY: &str = "bench/fastify";

/// Installs what is missing; nginx is the tests', too, and was tried before.
pub(super) fn run() -> Result<(), String> {
    if nginx().is_none() {
        return Err("there is no nginx; see above for why".to_owned());
    }
    node::run(FASTIFY)
}
