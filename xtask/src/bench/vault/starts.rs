//! The app's start on a full vault: when nothing is due, and when everything is.

use std::{ffi::OsStr, fs, net::SocketAddr, path::Path, thread, time::Duration};

use serde::Deserialize;

use super::{Args, Folders, Tool, table};
use crate::{
    bench::{
        app::{self, REST},
        loopback,
        process::Process,
        usage::{Meter, peak_kib},
    },
    step::{print, say},
};

/// The targets.
const READY_MILLIS: f64 = 1_000.0;
const RESIDENT_MIB: f64 = 60.0;
const AT_ONCE: usize = 4;

/// The provider of all connections, with its proxy.
pub(super) struct Provider {
    address: SocketAddr,
    proxy: String,
    _process: Process,
}

/// What it has seen.
#[derive(Deserialize)]
struct Counts {
    requests: usize,
    most_at_once: usize,
}

impl Provider {
    pub(super) fn start(tool: &Tool, folder: &Path) -> Result<Self, String> {
        let mut command = tool.command();
        command.arg("provider").arg(folder);
        let (process, address) = Process::start_announced("the provider", &mut command)?;
        let proxy = fs::read_to_string(folder.join("proxy")).map_err(|error| format!("proxy: {error}"))?;
        Ok(Self { address, proxy, _process: process })
    }

    fn counts(&self) -> Result<Counts, String> {
        let reply = loopback::get(self.address, "/counts").map_err(|error| error.to_string())?;
        let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).map_err(|error| format!("the provider's counts: {error}"))
    }
}

/// Measures and prints.
pub(super) fn run(
    args: &Args,
    program: &Path,
    tool: &Tool,
    folders: &Folders,
    provider: &Provider,
) -> Result<(), String> {
    let meter = Meter::new()?;
    let (mut ready, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..args.starts {
        let (app, millis) = start(program, folders, provider)?;
        thread::sleep(REST);
        ready.push(millis);
        resident.push(mib(meter.read(app.id())?.resident_kib));
    }
    let asked = provider.counts()?.requests;
    if asked > 0 {
        return Err(format!("{asked} connections were refreshed that are not due"));
    }
    table(
        &format!("keyferry app, {} starts, nothing is due", args.starts),
        1,
        &[("ready after, ms", &ready, Some(READY_MILLIS)), ("idle RSS, MiB", &resident, Some(RESIDENT_MIB))],
    );
    expired(args, program, tool, folders, provider)
}

fn expired(
    args: &Args,
    program: &Path,
    tool: &Tool,
    folders: &Folders,
    provider: &Provider,
) -> Result<(), String> {
    let _: serde_json::Value = tool.run(&["expire"], folders.disk(), &[])?;
    say(&format!("watching the app for {} s, with every connection expired", args.seconds));
    let (app, millis) = start(program, folders, provider)?;
    thread::sleep(Duration::from_secs(args.seconds));
    let peak = mib(peak_kib(app.id())?);
    let Counts { requests, most_at_once } = provider.counts()?;
    let verdict = |met: bool| if met { "met" } else { "missed" };
    print(&format!("\n| keyferry app, {} s, everything has expired | | target |", args.seconds));
    print("| --- | ---: | ---: |");
    let met = verdict(millis <= READY_MILLIS);
    print(&format!("| ready after, ms | {millis:.1} | ≤ {READY_MILLIS}: {met} |"));
    print(&format!("| most RSS, MiB | {peak:.1} | ≤ {RESIDENT_MIB}: {} |", verdict(peak <= RESIDENT_MIB)));
    let met = verdict(requests > 0 && most_at_once <= AT_ONCE);
    print(&format!("| most requests at once at the provider | {most_at_once} | ≤ {AT_ONCE}: {met} |"));
    print(&format!("| refreshes a second | {:.0} | |", requests as f64 / args.seconds as f64));
    Ok(())
}

fn start(program: &Path, folders: &Folders, provider: &Provider) -> Result<(Process, f64), String> {
    let files = folders.disk().join("providers");
    let variables = [
        ("KEYFERRY_PROVIDERS", files.as_os_str()),
        ("KEYFERRY_PROXY_URL", OsStr::new(&provider.proxy)),
        ("KEYFERRY_VAULT_KEY", OsStr::new("file")),
    ];
    app::ready(program, folders.disk(), &variables)
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}
