//! What a call of a tool costs through the gateway: beside the same call over the server's own standard streams, and beside proxies
//! written in Python.

mod consent;
mod figures;
mod http;
mod python;
mod stage;
mod stdio;
mod way;

use std::path::Path;

use super::{built, process::Process, usage::Meter};
use crate::{
    machine,
    step::{print, say},
};
use figures::{Rounds, ratios, round, table};
use http::Http;
use stage::{SERVER, Stage};
use stdio::Stdio as Pipe;
use way::Way;

/// How much to measure.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Calls in a round
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    calls: u32,
    /// Rounds of each way
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..=100))]
    rounds: u32,
    /// Without the proxies in Python, which are installed from the Python package index
    #[arg(long)]
    alone: bool,
}

/// A way under measurement, what it came to, and what runs for it alone.
struct Measured {
    rounds: Rounds,
    way: Box<dyn Way>,
    _process: Option<Process>,
}

/// Measures and prints.
pub(super) fn run(args: &Args) -> Result<(), String> {
    let program = built(&["keyferry"])?.join("keyferry");
    let meter = Meter::new()?;
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let stage = Stage::set(&program, folder.path())?;
    let mut ways = ours(&stage)?;
    if !args.alone {
        ways.extend(theirs(&stage, folder.path())?);
    }
    say("warming up");
    for measured in &mut ways {
        measured.way.open()?;
        round(measured.way.as_mut(), args.calls / 2, meter)?;
    }
    let count = ways.len();
    for number in 0..args.rounds as usize {
        say(&format!("round {} of {}", number + 1, args.rounds));
        // Another one begins each round, so that none always comes after the same one.
        for position in (0..count).cycle().skip(number % count).take(count) {
            if let Some(measured) = ways.get_mut(position) {
                let result = round(measured.way.as_mut(), args.calls, meter)?;
                measured.rounds.rounds.push(result);
            }
        }
    }
    print(&format!(
        "\n{}; {} rounds of {} calls, one after the other\n",
        machine::description(),
        args.rounds,
        args.calls
    ));
    let rounds: Vec<_> = ways.into_iter().map(|measured| measured.rounds).collect();
    table(&rounds)?;
    let mut all = rounds.iter();
    if let (Some(direct), Some(gateway), Some(bridge)) = (all.next(), all.next(), all.next()) {
        ratios(direct, &[gateway, bridge], &[gateway, bridge, gateway], &all.collect::<Vec<_>>());
    }
    Ok(())
}

/// The server itself, and Keyferry's two ways to it.
fn ours(stage: &Stage) -> Result<Vec<Measured>, String> {
    let gateway = Http::new(&stage.address, &format!("/mcp/{SERVER}"), Some(&stage.token), stage.app())?;
    Ok(vec![
        measured("its own standard streams", Pipe::start(&mut stage.notes(), &[])?, None),
        measured("the gateway, HTTP", gateway, None),
        measured("`keyferry bridge`", Pipe::start(&mut stage.bridge(), &[stage.app()])?, None),
    ])
}

/// Those written in Python: what stands beside the gateway, beside the bridge, and beside the gateway again.
fn theirs(stage: &Stage, home: &Path) -> Result<Vec<Measured>, String> {
    let (mcp_proxy, address) = python::mcp_proxy(stage, home)?;
    let mcp_way = Http::new(&address, "/mcp", None, mcp_proxy.id())?;
    let (fastmcp, address) = python::fastmcp(stage, home)?;
    let fastmcp_way = Http::new(&address, "/mcp", None, fastmcp.id())?;
    let bridge = Pipe::start(&mut python::fastmcp_bridge(stage, home)?, &[])?;
    Ok(vec![
        measured("mcp-proxy, HTTP", mcp_way, Some(mcp_proxy)),
        measured("FastMCP's proxy, standard streams", bridge, None),
        measured("FastMCP's proxy, HTTP", fastmcp_way, Some(fastmcp)),
    ])
}

fn measured(name: &'static str, way: impl Way + 'static, process: Option<Process>) -> Measured {
    Measured { rounds: Rounds { name, rounds: Vec::new() }, way: Box::new(way), _process: process }
}
