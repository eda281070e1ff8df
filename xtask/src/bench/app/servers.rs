//! How much memory the app takes with many servers installed that have nothing to do.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
};

use serde_json::json;

use super::{REST, ready};
use crate::{
    bench::usage::resident_kib,
    machine,
    step::{print, say},
};

/// The target.
const RESIDENT_MIB: f64 = 60.0;

/// Installs servers, and prints the app's own memory while they run, and with them after its next start.
pub(super) fn run(program: &Path, servers: u32) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let home = folder.path();
    let variables =
        [("KEYFERRY_VAULT_KEY", "file".as_ref()), ("KEYFERRY_SERVERS_RUNTIME", "process".as_ref())];
    let (app, _) = ready(program, home, &variables)?;
    say(&format!("installing {servers} servers"));
    for number in 0..servers {
        install(program, home, number)?;
    }
    thread::sleep(REST);
    let installed = resident_kib(app.id())?;
    drop(app);
    let (app, _) = ready(program, home, &variables)?;
    until_all_run(program, home, servers)?;
    thread::sleep(REST);
    let started = resident_kib(app.id())?;
    print(&format!(
        "\n{}; the app's own memory with {servers} servers that run and are not called\n",
        machine::description()
    ));
    print("| keyferry app | RSS, MiB | target |");
    print("| --- | ---: | ---: |");
    for (name, kib) in [("after it installed and started them", installed), ("after its next start", started)]
    {
        let mib = kib as f64 / 1024.0;
        let met = if mib <= RESIDENT_MIB { "met" } else { "missed" };
        print(&format!("| {name} | {mib:.1} | ≤ {RESIDENT_MIB}: {met} |"));
    }
    Ok(())
}

fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env_clear().env("HOME", home).env("KEYFERRY_HOME", home.join("data"));
    command
}

/// Installs the notes server under another name. Without a call, its token is never used.
fn install(program: &Path, home: &Path, number: u32) -> Result<(), String> {
    let name = format!("server-{number}");
    let environment = json!({ "SANDBOX_API_URL": "http://127.0.0.1:1/api", "SANDBOX_ACCESS_TOKEN": "none" });
    let manifest = json!({ "name": name, "server": {
        "type": "local", "command": "keyferry", "args": ["sandbox", "notes"], "env": environment,
    } });
    let file = home.join(format!("{name}.json"));
    fs::write(&file, manifest.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
    let output = command(program, home).arg("install").arg(&file).stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{name} could not be installed: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Waits until every server runs: `keyferry call` of one would start that one alone.
fn until_all_run(program: &Path, home: &Path, servers: u32) -> Result<(), String> {
    for _ in 0..100 {
        let listed = command(program, home).args(["list", "--json"]).stdin(Stdio::null()).output();
        let listed = listed.map_err(|error| error.to_string())?.stdout;
        let running = String::from_utf8_lossy(&listed).matches("\"running\"").count();
        if running == servers as usize {
            return Ok(());
        }
        thread::sleep(REST / 5);
    }
    Err("not all servers run after the app's next start".to_owned())
}
