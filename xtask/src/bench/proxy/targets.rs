//! What is measured. Each target writes one line of log a request to a file, as it would at work.

mod fastify;
mod keyferry;
mod nginx;

use std::{
    fs::File,
    net::SocketAddr,
    path::Path,
    process::{Command, Stdio},
};

use super::load::Upstream;
use crate::bench::process::Process;

/// The client that is registered at the upstream. Nobody's secret.
const CLIENT_ID: &str = "bench-client";
/// Long enough to seal refresh tokens under.
const CLIENT_SECRET: &str = "bench-client-secret-of-nobody";

/// The kinds of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `keyferry proxy`, with all its checks.
    Keyferry,
    /// nginx with one worker, which forwards and checks nothing.
    Nginx,
    /// The service under `bench/fastify`, as it is usually written.
    Fastify,
    /// The same with undici's pool instead of `fetch`.
    FastifyPool,
    /// The same as it is usually written, with what keyferry does beside forwarding.
    FastifyChecks,
}

/// All of them, in the order of the tables.
pub(super) const KINDS: [Kind; 5] =
    [Kind::Keyferry, Kind::Nginx, Kind::Fastify, Kind::FastifyPool, Kind::FastifyChecks];

/// Those that stand between and do no more than they must: keyferry, and the floor.
pub(super) const FORWARDERS: [Kind; 2] = [Kind::Keyferry, Kind::Nginx];

/// A target at work.
pub(in crate::bench) struct Target {
    pub(super) kind: Kind,
    pub(in crate::bench) address: SocketAddr,
    process: Process,
}

// === impl Kind ===

impl Kind {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Keyferry => "keyferry",
            Self::Nginx => "nginx",
            Self::Fastify => "fastify",
            Self::FastifyPool => "fastify-pool",
            Self::FastifyChecks => "fastify-checks",
        }
    }
}

// === impl Target ===

impl Target {
    /// Starts a target in front of `upstream`; its files go below `folder`.
    pub(super) fn start(
        kind: Kind,
        programs: &Path,
        upstream: &Upstream,
        folder: &Path,
    ) -> Result<Self, String> {
        let folder = folder.join(kind.name());
        std::fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let (process, address) = match kind {
            Kind::Keyferry => keyferry::start(programs, upstream, &folder),
            Kind::Nginx => nginx::start(upstream, &folder),
            Kind::Fastify => fastify::start(upstream.address, &folder, &[]),
            Kind::FastifyPool => fastify::start(upstream.address, &folder, &[("PROVIDER_CLIENT", "pool")]),
            Kind::FastifyChecks => fastify::start(upstream.address, &folder, &[("CHECKS", "all")]),
        }?;
        Ok(Self { kind, address, process })
    }

    /// Starts `keyferry proxy`, whose folder may hold further provider files.
    pub(in crate::bench) fn keyferry(
        programs: &Path,
        upstream: &Upstream,
        folder: &Path,
    ) -> Result<Self, String> {
        let (process, address) = keyferry::start(programs, upstream, folder)?;
        Ok(Self { kind: Kind::Keyferry, address, process })
    }

    /// The first of its processes.
    pub(in crate::bench) fn process(&self) -> u32 {
        self.process.id()
    }
}

/// A program with nothing of our environment but `PATH`, in its own folder.
fn program(program: impl AsRef<std::ffi::OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    let path = std::env::var_os("PATH").unwrap_or_default();
    command.current_dir(folder).env_clear().env("PATH", path).env("HOME", folder).stdin(Stdio::null());
    command
}

fn file(folder: &Path, name: &str) -> Result<File, String> {
    File::create(folder.join(name)).map_err(|error| format!("{name}: {error}"))
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), String> {
    std::fs::write(folder.join(name), text).map_err(|error| format!("{name}: {error}"))
}
