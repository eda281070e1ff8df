//! The command line, as clap reads it. Each command's own arguments stand in its file.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    app, audit, bridge, call, catalog, completions, connect, connections, demo, diagnostics, install, logs,
    named, provider, proxy, runtime, sandbox, status, vault,
};

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

const EXAMPLES: &str = "\
Examples:
  keyferry demo --yes                         see all of it work, on your own machine
  keyferry proxy                              run the tier that holds the client secrets
  keyferry app                                run the app
  keyferry install sandbox-notes              install a server of the catalog
  keyferry call sandbox-notes list_notes      call one of its tools

Exit codes: 0 done, 1 failed, 2 usage.";

/// What every command understands.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The data folder [env: KEYFERRY_HOME]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Global options")]
    pub(crate) home: Option<PathBuf>,
    /// Where the proxy is [env: KEYFERRY_PROXY_URL] [default: http://127.0.0.1:7666]
    #[arg(long, global = true, value_name = "URL", help_heading = "Global options")]
    pub(crate) proxy_url: Option<String>,
    /// Print data, and errors, as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Say more in the log on standard error; twice for everything
    #[arg(short, long, global = true, action = clap::ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show all of it at work on a sandbox provider, in a temporary folder
    Demo(demo::Args),
    /// Run the OAuth proxy, which holds the client secrets
    Proxy(proxy::Args),
    /// Run the app, which keeps the tokens and the servers
    App(app::Args),
    /// List, show and check manifests, and say where they come from
    #[command(subcommand, after_help = catalog::EXAMPLES)]
    Catalog(catalog::Command),
    /// Install a server; signs in first where it needs an account
    Install(install::Args),
    /// List the installed servers
    #[command(after_help = "Examples:\n  keyferry list\n  keyferry list --json")]
    List,
    /// Show a server, or the app
    Status(status::Args),
    /// Start a server
    #[command(after_help = "Example:\n  keyferry start sandbox-notes")]
    Start(named::Args),
    /// Stop a server
    #[command(after_help = "Example:\n  keyferry stop sandbox-notes")]
    Stop(named::Args),
    /// Stop a server and start it anew
    #[command(after_help = "Example:\n  keyferry restart sandbox-notes")]
    Restart(named::Args),
    /// Show the end of a server's log
    Logs(logs::Args),
    /// Remove a server, and end its access where no other server uses it
    #[command(after_help = "Example:\n  keyferry uninstall sandbox-notes")]
    Uninstall(named::Args),
    /// Add, list, show, refresh and revoke connections: the accounts you signed in to
    #[command(subcommand, after_help = connections::EXAMPLES)]
    Connections(connections::Command),
    /// Set up an MCP client, such as Claude Desktop, to use your servers
    Connect(connect::Args),
    /// Check the log of what happened to the connections
    #[command(subcommand, after_help = audit::EXAMPLES)]
    Audit(audit::Command),
    /// List, show, check and write providers
    #[command(subcommand, after_help = provider::EXAMPLES)]
    Provider(provider::Command),
    /// Show the vault, move or change its key, back it up and restore it
    #[command(subcommand, after_help = vault::EXAMPLES)]
    Vault(vault::Command),
    /// Show which container engine there is, and prepare it
    #[command(subcommand, after_help = runtime::EXAMPLES)]
    Runtime(runtime::Command),
    /// Call a tool of a server
    Call(call::Args),
    /// Serve MCP on standard input and output, for clients that start their servers themselves
    Bridge(bridge::Args),
    /// Gather what whoever helps needs to know, without secrets
    Diagnostics(diagnostics::Args),
    /// Print a completion script for your shell
    Completions(completions::Args),
    /// Run the sandbox provider, or its MCP server
    #[command(subcommand, after_help = sandbox::EXAMPLES)]
    Sandbox(sandbox::Command),
    /// End the servers of an app that was killed
    #[command(hide = true)]
    Watchdog,
}
