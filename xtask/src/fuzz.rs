//! `cargo xtask fuzz`: the readers of strangers' bytes, under bytes that libFuzzer finds.

use std::{fs, process::Command};

use crate::{
    machine::root,
    setup,
    step::{self, say},
};

/// The targets: those of `fuzz/fuzz_targets/`, and where each begins, beside its own seeds.
const TARGETS: [(&str, &[&str]); 10] = [
    ("provider_file", &["providers"]),
    ("manifest", &["catalog"]),
    ("catalog_index", &[]),
    ("token_reply", &[]),
    ("endpoint", &[]),
    ("callback", &[]),
    ("state", &[]),
    ("request", &[]),
    ("parameters", &[]),
    ("sealed_token", &[]),
];

/// What to fuzz, and for how long.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only this target; all of them, one after the other, unless given
    #[arg(value_name = "TARGET", value_parser = clap::builder::PossibleValuesParser::new(TARGETS.map(|(name, _)| name)))]
    target: Option<String>,
    /// How long each runs
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    seconds: u32,
}

/// Runs the targets until one fails. What libFuzzer learns stays in `fuzz/corpus/`, a failing input in `fuzz/artifacts/`.
pub(crate) fn run(args: &Args) -> Result<(), String> {
    setup::cargo_fuzz()?;
    for (target, further) in TARGETS {
        if args.target.as_deref().is_some_and(|only| only != target) {
            continue;
        }
        say(&format!("\n=== {target}, {} s ===", args.seconds));
        let learned = format!("fuzz/corpus/{target}");
        fs::create_dir_all(root().join(&learned)).map_err(|error| format!("{learned}: {error}"))?;
        let mut command = Command::new("cargo");
        // libFuzzer needs flags that the compiler has for nightly alone, and which this lets the pinned one take. Our code is safe
        // Rust, so a sanitizer, which needs nightly's standard library, would find little.
        command.env("RUSTC_BOOTSTRAP", "1");
        command.args([
            "fuzz",
            "run",
            "--sanitizer",
            "none",
            target,
            &learned,
            &format!("fuzz/seeds/{target}"),
        ]);
        command.args(further).args([
            "--",
            "-print_final_stats=1",
            "-max_len=65536",
            "-timeout=5",
            "-rss_limit_mb=2048",
        ]);
        command.arg(format!("-max_total_time={}", args.seconds));
        step::run(&mut command, None)?;
    }
    Ok(())
}
