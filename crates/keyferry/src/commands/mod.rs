//! The commands, one a file; folders are those with commands below.

pub(crate) mod app;
pub(crate) mod audit;
pub(crate) mod bridge;
pub(crate) mod call;
pub(crate) mod catalog;
pub(crate) mod completions;
pub(crate) mod connect;
pub(crate) mod connections;
pub(crate) mod demo;
pub(crate) mod diagnostics;
pub(crate) mod install;
pub(crate) mod list;
pub(crate) mod logs;
pub(crate) mod named;
pub(crate) mod open;
pub(crate) mod provider;
pub(crate) mod proxy;
pub(crate) mod runtime;
pub(crate) mod sandbox;
pub(crate) mod status;
pub(crate) mod uninstall;
pub(crate) mod vault;
pub(crate) mod window;

use crate::{cli::Cli, error::CliResult};

pub(crate) use keyferry_app::runtime::MESSAGES_LOG_TARGETS;

/// What the help shows.
pub(crate) const EXAMPLES: &str = "\
Examples:
  keyferry demo --yes                         see all of it work, on your own machine
  keyferry proxy                              run the tier that holds the client secrets
  keyferry app                                run the app
  keyferry open                               open its pages in your browser
  keyferry install sandbox-notes              install a server of the catalog
  keyferry call sandbox-notes list_notes      call one of its tools

Exit codes: 0 done, 1 failed, 2 usage.";

/// The commands.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show all of it at work on a sandbox provider, in a temporary folder
    Demo(demo::Args),
    /// Run the OAuth proxy, which holds the client secrets
    Proxy(proxy::Args),
    /// Run the app, which keeps the tokens and the servers
    App(app::Args),
    /// Open the app's pages in your browser
    Open(open::Args),
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

// === impl Command ===

impl Command {
    /// Whether it serves others until it is asked to end.
    pub(crate) fn is_service(&self) -> bool {
        matches!(self, Self::App(_) | Self::Proxy(_) | Self::Sandbox(_))
    }
}

/// Runs a command.
pub(crate) async fn run(cli: Cli) -> CliResult {
    let Cli { global, command } = cli;
    let global = &global;
    match command {
        Command::Demo(args) => demo::run(global, args).await,
        Command::Proxy(args) => proxy::run(global, args).await,
        Command::App(args) => app::run(global, args).await,
        Command::Open(args) => open::run(global, args).await,
        Command::Catalog(command) => catalog::run(global, command).await,
        Command::Install(args) => install::run(global, args).await,
        Command::List => list::run(global).await,
        Command::Status(args) => status::run(global, args).await,
        Command::Start(args) => named::start(global, args).await,
        Command::Stop(args) => named::stop(global, args).await,
        Command::Restart(args) => named::restart(global, args).await,
        Command::Logs(args) => logs::run(global, args).await,
        Command::Uninstall(args) => uninstall::run(global, args).await,
        Command::Connections(command) => connections::run(global, command).await,
        Command::Connect(args) => connect::run(global, args).await,
        Command::Audit(command) => audit::run(global, command).await,
        Command::Provider(command) => provider::run(global, command).await,
        Command::Vault(command) => vault::run(global, command).await,
        Command::Runtime(command) => runtime::run(global, command).await,
        Command::Bridge(args) => bridge::run(global, args).await,
        Command::Call(args) => call::run(global, args).await,
        Command::Diagnostics(args) => diagnostics::run(global, args).await,
        Command::Completions(args) => completions::run(&args),
        Command::Sandbox(command) => sandbox::run(global, command).await,
        Command::Watchdog => Ok(()),
    }
}
