//! What a refresh costs beyond its request, on the disk and in memory, beside what a durable write costs there.

use std::{fs, path::Path};

use serde::Deserialize;

use super::{Args, Folders, Tool, table};
use crate::{
    bench::spread::Spread,
    machine::works,
    step::{print, say},
};

/// The target for a refresh's own cost, in microseconds.
const OWN: f64 = 2_000.0;

/// What the tool prints: microseconds, by round.
#[derive(Deserialize)]
struct Figures {
    whole: Vec<f64>,
    request: Vec<f64>,
    sync: Vec<f64>,
    insert: Vec<f64>,
}

/// Measures and prints.
pub(super) fn run(args: &Args, tool: &Tool, folders: &Folders) -> Result<(), String> {
    let number = args.refreshes.to_string();
    for (place, folder) in [("on the disk", folders.disk()), ("in memory", folders.memory())] {
        let figures: Figures = tool.run(&["refreshes"], folder, &[&number])?;
        let own = minus(&figures.whole, &figures.request);
        table(
            &format!("{number} refreshes {place}, µs"),
            0,
            &[
                ("a whole refresh", &figures.whole, None),
                ("its request alone, through the proxy", &figures.request, None),
                ("its own cost: the difference", &own, Some(OWN)),
                ("4 KiB and one `fdatasync`", &figures.sync, None),
                ("one row into a plain SQLite table, durable", &figures.insert, None),
            ],
        );
        ratio("its own cost ÷ `fdatasync`, medians", &own, &figures.sync);
        ratio("its own cost ÷ SQLite insert, medians", &own, &figures.insert);
    }
    syncs(tool, folders.memory())
}

fn minus(whole: &[f64], part: &[f64]) -> Vec<f64> {
    whole.iter().zip(part).map(|(whole, part)| whole - part).collect()
}

fn ratio(name: &str, of: &[f64], to: &[f64]) {
    let median = |figures: &[f64]| Spread::of(figures.iter().copied()).map(|spread| spread.median);
    if let Some((of, to)) = median(of).zip(median(to)) {
        print(&format!("| {name} | | {:.1} | | |", of / to));
    }
}

/// How many durable writes a refresh makes, as the kernel sees them: what a hundred more refreshes add.
fn syncs(tool: &Tool, folder: &Path) -> Result<(), String> {
    if !works("strace", &["-V"]) {
        say("strace is not there: the durable writes of a refresh are not counted");
        return Ok(());
    }
    let counted = |refreshes: u32| {
        let trace = folder.join("trace");
        let mut command = std::process::Command::new("strace");
        command.args(["-f", "-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o"]).arg(&trace);
        // The tool itself makes two of them a round, one for the block and one for the row.
        command.arg(&tool.0).arg("refreshes").arg(folder).arg(refreshes.to_string());
        let output = command.output().map_err(|error| format!("strace: {error}"))?;
        if !output.status.success() {
            return Err(format!("strace: {}", String::from_utf8_lossy(&output.stderr)));
        }
        let trace = fs::read_to_string(trace).map_err(|error| format!("strace: {error}"))?;
        let synced = trace.lines().filter(|line| line.contains("sync(") && !line.contains("resumed")).count();
        Ok::<_, String>((synced as f64) - f64::from(refreshes) * 2.0)
    };
    let more = (counted(110)? - counted(10)?) / 100.0;
    print(&format!("\nDurable writes a refresh, counted by `strace`: {more:.2}."));
    Ok(())
}
