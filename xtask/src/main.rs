//! The chores of the project that need more than cargo: `cargo xtask setup | test | schema | fuzz | torture | bench`.

mod bench;
mod fuzz;
mod machine;
mod schema;
mod setup;
mod step;
mod test;
mod torture;

use std::process::ExitCode;

use clap::Parser;

/// The chores of the project.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", max_term_width = 100)]
enum Cli {
    /// Install what the tests need, and say what was done
    Setup(setup::Args),
    /// Format, lints, docs, licences, all tests, the demo, and no secret in any output: what CI runs
    Test(test::Args),
    /// Write docs/provider.schema.json, the JSON Schema of the provider file, as the code has it
    Schema,
    /// Search for bytes that break the readers of provider files, manifests, indexes, token replies and endpoints
    Fuzz(fuzz::Args),
    /// Many processes over one vault, killed at every step, against a provider that forgives nothing
    Torture(torture::Args),
    /// Measure the proxy beside others, how the app starts, or its vault
    #[command(subcommand)]
    Bench(bench::Command),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse() {
        Cli::Setup(args) => setup::run(&args),
        Cli::Test(args) => setup::run(&setup::Args::default()).and_then(|()| test::run(&args)),
        Cli::Schema => schema::run(),
        Cli::Fuzz(args) => fuzz::run(&args),
        Cli::Torture(args) => torture::run(&args),
        Cli::Bench(command) => bench::run(&command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            step::say(&message);
            ExitCode::FAILURE
        }
    }
}
