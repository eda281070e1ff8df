//! The command line, as clap reads it. The commands stand in [`crate::commands`], each with its own arguments.

use clap::{Args, Parser};

use crate::commands::{Command, EXAMPLES};

/// Connects MCP servers to your accounts.
#[derive(Debug, Parser)]
#[command(name = "keyferry", version, about, max_term_width = 100, after_help = EXAMPLES)]
#[command(disable_help_subcommand = true, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The data folder [env: KEYFERRY_HOME]
    #[cfg(feature = "app")]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) home: Option<std::path::PathBuf>,
    /// Where the proxy is [env: KEYFERRY_PROXY_URL] [default: http://127.0.0.1:7666]
    #[cfg(feature = "app")]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub(crate) proxy_url: Option<String>,
    /// Print data, and errors, as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Say more in the log on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
}
