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
    upstream: SocketAddr,
    _upstream: Process,
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
        let program = programs.join(PROGRAM);
        let mut command = Command::new(&program);
        let (upstream_process, upstream) =
            Process::start_announced("the upstream", command.arg("upstream").stdin(Stdio::piped()))?;
        Ok(Self { program, connections, upstream, _upstream: upstream_process })
    }

    pub(in crate::bench) fn upstream(&self) -> SocketAddr {
        self.upstream
    }

    /// Puts a target under load for some seconds. A single failed request is an error.
    pub(in crate::bench) fn run(&self, target: SocketAddr, seconds: u64) -> Result<Run, String> {
        let (connections, seconds) = (self.connections.to_string(), seconds.to_string());
        let arguments =
            ["run", "--target", &target.to_string(), "--connections", &connections, "--seconds", &seconds];
        let output = Command::new(&self.program).args(arguments).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("{PROGRAM}: {error}"))?;
        if !output.status.success() {
            return Err(format!("the load on {target} failed; see above"));
        }
        serde_json::from_slice(&output.stdout).map_err(|error| format!("{PROGRAM}: {error}"))
    }
}
