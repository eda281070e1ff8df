//! `keyferry completions`

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::{cli::Cli, error::CliResult, output};

/// Prints a completion script.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry completions bash > ~/.local/share/bash-completion/completions/keyferry
  keyferry completions zsh > ~/.zfunc/_keyferry
  keyferry completions fish > ~/.config/fish/completions/keyferry.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> CliResult {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "keyferry", &mut script);
    output::line(&String::from_utf8_lossy(&script));
    Ok(())
}
