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
pub(crate) mod provider;
pub(crate) mod proxy;
pub(crate) mod runtime;
pub(crate) mod sandbox;
pub(crate) mod status;
pub(crate) mod uninstall;
pub(crate) mod vault;

use crate::{
    cli::{Cli, Command},
    error::CliResult,
};

/// Runs a command.
pub(crate) async fn run(cli: Cli) -> CliResult {
    let Cli { global, command } = cli;
    let global = &global;
    match command {
        Command::Demo(args) => demo::run(global, args).await,
        Command::Proxy(args) => proxy::run(global, args).await,
        Command::App(args) => app::run(global, args).await,
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
