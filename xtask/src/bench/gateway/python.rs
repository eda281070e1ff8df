//! The proxies in Python, each as its own documentation starts it, before the same server.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::json;

use super::stage::Stage;
use crate::{
    bench::{loopback, process::Process},
    setup::python,
};

/// `mcp-proxy`, which shows a server of standard streams over HTTP. Answers it and its address.
pub(super) fn mcp_proxy(stage: &Stage, home: &Path) -> Result<(Process, String), String> {
    let address = loopback::free_address().map_err(|error| error.to_string())?;
    let mut command = clean(&python::environment("mcp-proxy")?.join("mcp-proxy"), home);
    command.args([
        "--log-level",
        "WARNING",
        "--pass-environment",
        "--port",
        &address.port().to_string(),
        "--",
    ]);
    command.args(stage.notes_command()).envs(stage.variables());
    let process = Process::start("mcp-proxy", &mut command)?;
    loopback::wait_until_open(address)?;
    Ok((process, address.to_string()))
}

/// FastMCP's proxy over HTTP.
pub(super) fn fastmcp(stage: &Stage, home: &Path) -> Result<(Process, String), String> {
    let address = loopback::free_address().map_err(|error| error.to_string())?;
    let mut command = fastmcp_run(stage, home)?;
    command.args(["--transport", "http", "--port", &address.port().to_string()]);
    let process = Process::start("FastMCP", &mut command)?;
    loopback::wait_until_open(address)?;
    Ok((process, address.to_string()))
}

/// FastMCP's proxy over standard streams.
pub(super) fn fastmcp_bridge(stage: &Stage, home: &Path) -> Result<Command, String> {
    let mut command = fastmcp_run(stage, home)?;
    command.args(["--transport", "stdio"]);
    Ok(command)
}

/// A configuration of servers, run as a proxy to them.
fn fastmcp_run(stage: &Stage, home: &Path) -> Result<Command, String> {
    let [program, arguments @ ..] = stage.notes_command().map(|word| word.to_string_lossy().into_owned());
    let environment: serde_json::Map<_, _> =
        stage.variables().map(|(name, value)| (name.to_owned(), json!(value.to_string_lossy()))).collect();
    let servers =
        json!({ "mcpServers": { "notes": { "command": program, "args": arguments, "env": environment } } });
    let file = home.join("fastmcp.json");
    fs::write(&file, servers.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut command = clean(&python::environment("fastmcp")?.join("fastmcp"), home);
    command.arg("run").arg(file).args(["--no-banner", "--skip-env", "--log-level", "WARNING"]);
    Ok(command)
}

fn clean(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin");
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}
