//! The two ends of `cargo xtask bench proxy`, each a process of its own, so that neither counts as the target's work:
//! `upstream`, the token endpoint behind every target, and `run`, the load. Both speak to loopback alone. And `providers`, which
//! `cargo xtask bench providers` has load a folder of provider files.

mod error;
mod latencies;
mod providers;
mod request;
mod run;
mod upstream;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser;

use error::LoadError;

/// What benchmarks are made of.
#[derive(Debug, Parser)]
enum Cli {
    /// Answer token requests until standard input ends; prints the address
    Upstream(upstream::Plan),
    /// Send token requests for a time, each as soon as the one before is answered; prints the figures as JSON
    Run(run::Plan),
    /// Load a folder of provider files several times; prints the figures as JSON
    Providers(providers::Plan),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Cli::parse() {
        Cli::Upstream(plan) => upstream::serve(&plan).await,
        Cli::Run(plan) => run::run(&plan).await.and_then(|figures| report(&figures)),
        Cli::Providers(plan) => providers::run(&plan).and_then(|figures| report(&figures)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn report(figures: &impl serde::Serialize) -> Result<(), LoadError> {
    line(&serde_json::to_string(figures)?)
}

/// Prints a line at once: whoever started us waits for it.
fn line(text: &str) -> Result<(), LoadError> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}
