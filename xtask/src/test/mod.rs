//! `cargo xtask test`: everything that has to hold, step by step, on a clean clone as in CI.

mod advisories;
mod failures;
mod ledger;
mod steps;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::Instant,
};

use steps::{STEPS, Step};

use crate::{machine::build_folder, step};

/// What to check.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this step, or several with commas; all of them unless given
    #[arg(long, value_name = "STEP", value_delimiter = ',', value_parser = clap::builder::PossibleValuesParser::new(steps::names()))]
    only: Vec<String>,
}

/// The folder for what the steps write beside their results.
const TEMPORARY: &str = "tmp";

/// The records of one run: what was printed, which secrets were issued, and what was left in the temporary folder.
struct Records<'a> {
    folder: &'a Path,
}

// === impl Records ===

impl Records<'_> {
    fn ledger(&self) -> PathBuf {
        self.folder.join("ledger")
    }

    fn output(&self) -> PathBuf {
        self.folder.join("output")
    }

    fn temporary(&self) -> PathBuf {
        self.folder.join(TEMPORARY)
    }
}

/// Runs the named steps, or all of them, up to the first that fails; tells how it went in a closing line that test runners share.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    let started = Instant::now();
    let folder = build_folder().join(format!("xtask-test-{}", std::process::id()));
    let unusable = |error: std::io::Error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder.join(TEMPORARY)).map_err(unusable)?;
    // The steps run elsewhere: the paths they are told must be whole.
    let folder = folder.canonicalize().map_err(unusable)?;
    let records = Records { folder: &folder };
    let mut passed = 0;
    let outcome = run_steps(&args.only, &records, &mut passed);
    step::say(&format!("\n{:.0} s", started.elapsed().as_secs_f64()));
    if outcome.is_ok() {
        let _ = fs::remove_dir_all(&folder);
    }
    if outcome.is_err()
        && let Ok(printed) = fs::read(records.output())
    {
        failures::of(&String::from_utf8_lossy(&printed)).iter().for_each(|line| step::say(line));
    }
    let failed = usize::from(outcome.is_err());
    let told = outcome
        .map_err(|error| format!("{error}\nwhat was printed is kept in {}", folder.display()))
        .inspect_err(|error| step::say(error));
    step::print(&format!("steps: {passed} passed, {failed} failed"));
    told.map_err(|_| "cargo xtask test failed".to_owned())
}

fn run_steps(only: &[String], records: &Records<'_>, passed: &mut usize) -> Result<(), String> {
    let output = records.output();
    let record = File::create(&output).map_err(|error| format!("{}: {error}", output.display()))?;
    let chosen: Vec<&Step> =
        STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)).collect();
    for stage in &chosen {
        step::say(&format!("\n=== {} ===", stage.what));
        stage.run(records, &record)?;
        *passed += 1;
        if stage.name == "deny" {
            *passed += usize::from(advisories::check()?);
        }
    }
    if chosen.iter().any(|step| step.searched) {
        step::say("\n=== no secret in any output ===");
        let secrets = ledger::check(&records.ledger(), &[&output, &records.temporary()])?;
        step::say(&format!("    none of {secrets} issued secrets stands in what was printed or left"));
        *passed += 1;
    }
    Ok(())
}
