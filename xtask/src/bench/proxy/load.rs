//! The two ends: the upstream behind all targets, and the load before them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde::Deserialize;

use crate::bench::process::Process;

/// The program that is both ends.
const PROGRAM: &str = "keyferry-load";

/// Both ends, ready.
pub(in crate::bench) struct Load {
    program: PathBuf,
    connections: u16,
    upstream: Upstream,
    _upstream: Process,
}

/// The token endpoint behind the targets.
#[derive(Debug, Clone)]
pub(in crate::bench) struct Upstream {
    pub(super) address: SocketAddr,
    /// The authority of its certificate, in PEM, where it speaks TLS.
    pub(super) authority: Option<PathBuf>,
}

/// What a run came to.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(in crate::bench) struct Run {
    pub(in crate::bench) requests: u64,
    pub(super) seconds: f64,
    pub(super) p50_micros: u32,
    pub(super) p99_micros: u32,
}

// === impl Load ===

impl Load {
    /// Starts the upstream.
    pub(in crate::bench) fn start(programs: &Path, connections: u16) -> Result<Self, String> {
        Self::before(programs, connections, None)
    }

    /// Starts an upstream that speaks TLS; the authority of its certificate goes below `folder`.
    pub(super) fn start_secure(programs: &Path, connections: u16, folder: &Path) -> Result<Self, String> {
        Self::before(programs, connections, Some(folder.join("authority.pem")))
    }

    fn before(programs: &Path, connections: u16, authority: Option<PathBuf>) -> Result<Self, String> {
        let program = programs.join(PROGRAM);
        let mut command = Command::new(&program);
        command.arg("upstream").stdin(Stdio::piped());
        if let Some(authority) = &authority {
            command.arg("--authority").arg(authority);
        }
        let (process, address) = Process::start_announced("the upstream", &mut command)?;
        Ok(Self { program, connections, upstream: Upstream { address, authority }, _upstream: process })
    }

    pub(in crate::bench) fn upstream(&self) -> &Upstream {
        &self.upstream
    }

    /// Puts a target under load for some seconds. A single failed request is an error.
    pub(in crate::bench) fn run(&self, target: SocketAddr, seconds: u64) -> Result<Run, String> {
        self.run_at(None, self.connections, target, seconds)
    }

    /// The same at a rate, in requests a second, if there is one; otherwise each is sent when the one before it is answered.
    pub(super) fn run_at(
        &self,
        rate: Option<u32>,
        connections: u16,
        target: SocketAddr,
        seconds: u64,
    ) -> Result<Run, String> {
        let mut command = Command::new(&self.program);
        command.args(["run", "--target", &target.to_string(), "--connections", &connections.to_string()]);
        command.args(["--seconds", &seconds.to_string()]);
        if let Some(rate) = rate {
            command.args(["--rate", &rate.to_string()]);
        }
        let output = command.stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("{PROGRAM}: {error}"))?;
        if !output.status.success() {
            return Err(format!("the load on {target} failed; see above"));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{PROGRAM}: {error}"))
    }
}
