//! The service under `bench/fastify`, by `fetch` or by a pool, with and without the checks.

use std::{net::SocketAddr, path::Path};

use super::{CLIENT_ID, CLIENT_SECRET, program};
use crate::{bench::process::Process, machine::root};

pub(super) fn start(
    upstream: SocketAddr,
    folder: &Path,
    variables: &[(&str, &str)],
) -> Result<(Process, SocketAddr), String> {
    let mut service = program("node", folder);
    service.arg(root().join("bench/fastify/server.js")).env("NODE_ENV", "production");
    service.env("TOKEN_ENDPOINT", format!("http://{upstream}/token")).env("LOG_FILE", folder.join("log"));
    service.env("CLIENT_ID", CLIENT_ID).env("CLIENT_SECRET", CLIENT_SECRET).envs(variables.iter().copied());
    Process::start_announced("fastify", &mut service)
}
