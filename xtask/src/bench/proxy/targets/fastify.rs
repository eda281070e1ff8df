//! The service under `bench/fastify`.

use std::{net::SocketAddr, path::Path};

use super::{CLIENT_ID, CLIENT_SECRET, program};
use crate::{bench::process::Process, machine::root};

pub(super) fn start(upstream: SocketAddr, folder: &Path) -> Result<(Process, SocketAddr), String> {
    let mut service = program("node", folder);
    service.arg(root().join("bench/fastify/server.js")).env("NODE_ENV", "production");
    service.env("TOKEN_ENDPOINT", format!("http://{upstream}/token")).env("LOG_FILE", folder.join("log"));
    service.env("CLIENT_ID", CLIENT_ID).env("CLIENT_SECRET", CLIENT_SECRET);
    Process::start_announced("fastify", &mut service)
}
