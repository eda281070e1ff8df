//! The chores of the project that need more than cargo: `cargo xtask setup | test`.

mod ledger;
mod setup;
mod step;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
The chores of the project.

  cargo xtask setup          install what the tests need, and say what was done
  cargo xtask test           format, lints, docs, licences, all tests, the demo
  cargo xtask test STEP…     some of: fmt clippy doc deny test demo";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first().map(|(verb, rest)| (verb.as_str(), rest)) {
        Some(("setup", [])) => setup::run(),
        Some(("test", steps)) => setup::run().and_then(|()| test::run(steps)),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            step::say(&message);
            ExitCode::FAILURE
        }
    }
}
