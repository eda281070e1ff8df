//! `keyferry proxy`

mod files;
mod keys;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use keyferry_providers::{Providers, Snapshot};
use keyferry_proxy::{
    ConfigError, Environment, ProviderUpdates, Proxy, ProxyConfig, StartError, variable_slips,
};
use serde_json::json;
use tokio::sync::watch::Receiver;

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output, signals,
};

/// The file of credentials in the folder that the proxy is started in.
const DOT_ENV: &str = ".env";

/// The variable that names a folder of provider files.
const PROVIDERS: &str = "KEYFERRY_PROVIDERS";

/// Where the settings are told.
const VARIABLES: &str = "`keyferry proxy --help` names the main variables, docs/settings.md all of them";

/// Runs the proxy until it is asked to end.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  keyferry proxy                              with the credentials of ./.env or the environment
  keyferry proxy --providers ./providers      with provider files of your own
  keyferry proxy --listen 127.0.0.1:0         on a free port, which is printed
  keyferry proxy keys add office --file access_keys

Credentials: JIRA_CLIENT_ID and JIRA_CLIENT_SECRET, or JIRA_CLIENT_SECRET_FILE; the provider's name in capitals, '-' as '_'.
Off loopback it wants access keys (KEYFERRY_PROXY_ACCESS_KEYS_FILE) or KEYFERRY_PROXY_OPEN=true.
Secrets are read anew on SIGHUP, and when their files change."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to listen [env: KEYFERRY_PROXY_LISTEN] [default: 127.0.0.1:7666]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// A folder of provider files beside the built-in ones [env: KEYFERRY_PROVIDERS]
    #[arg(long, value_name = "DIR")]
    providers: Vec<PathBuf>,
}

/// What is done beside running it.
#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Access keys: who may use a proxy
    #[command(after_help = keys::EXAMPLES)]
    Keys {
        #[command(subcommand)]
        command: keys::Command,
    },
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    if let Some(Command::Keys { command }) = args.command {
        return keys::run(global, command);
    }
    let environment = Environment::read(DOT_ENV.as_ref(), |name| std::env::var(name).ok())
        .map_err(|error| CliError::failed("proxy_settings", error).hint(VARIABLES))?;
    let named = environment.named();
    let lookup = |name: &str| environment.lookup(name);
    let providers = Arc::new(providers(args.providers, lookup(PROVIDERS)));
    let mut news = providers.subscribe();
    let known = news.borrow_and_update().set().clone();
    for slip in variable_slips(&known, named.iter().map(String::as_str)) {
        tracing::warn!("{DOT_ENV}: {slip}");
    }
    let mut config =
        ProxyConfig::from_environment(Arc::new(known), lookup).map_err(|error| misconfigured(&error))?;
    if let Some(listen) = args.listen {
        config.listen.address = listen;
    }
    files::fit(&mut config.limits);
    let configured: Vec<_> = config
        .providers
        .iter()
        .filter(|file| config.credentials.get(&file.name).is_some())
        .map(|file| file.name.to_string())
        .collect();
    let proxy = Proxy::bind(config).await.map_err(|error| not_started(&error))?;
    // Whoever reads that it runs may ask it to end.
    let ending = signals::Ending::listen();
    let scheme = if proxy.is_secure() { "https" } else { "http" };
    let address = format!("{scheme}://{}", proxy.address());
    let ready = json!({ "address": address, "configured": configured });
    output::data(global.json, &ready, |_| {
        let named = if configured.is_empty() {
            "no provider has credentials yet".to_owned()
        } else {
            format!("credentials for {}", configured.join(", "))
        };
        format!("The proxy runs at {address}, {named}")
    });
    let updates = proxy.updates();
    tokio::select! {
        () = proxy.serve(ending.asked()) => {}
        () = providers.keep_up() => {}
        () = follow(news, updates, &environment) => {}
    }
    Ok(())
}

/// Hands the proxy every change of the provider files, of the secrets' files and of `.env`; and all secrets when it is asked to.
async fn follow(mut news: Receiver<Arc<Snapshot>>, mut updates: ProviderUpdates, environment: &Environment) {
    let mut asked = signals::Reload::listen();
    let mut changed = std::pin::pin!(environment.changed());
    loop {
        tokio::select! {
            heard = news.changed() => {
                if heard.is_err() {
                    return;
                }
                let now = Arc::clone(&news.borrow_and_update());
                updates.replace(now.set(), |name| environment.lookup(name));
                continue;
            }
            () = asked.heard() => {}
            () = &mut changed => {}
        }
        let set = Arc::clone(&news.borrow());
        let read = environment.reread().map_err(|error| error.to_string());
        let read = read.and_then(|()| {
            updates.reload(set.set(), |name| environment.lookup(name)).map_err(|error| error.to_string())
        });
        if let Err(error) = read {
            tracing::warn!("the secrets stay as they were: {error}");
        }
        changed.set(environment.changed());
    }
}

/// A value that can't be used is as wrong in a variable as in a flag; a file that can't be read is another matter.
fn misconfigured(error: &ConfigError) -> CliError {
    let told = match error {
        ConfigError::Source(_) => CliError::failed("proxy_settings", error),
        _ => CliError::usage(error),
    };
    told.hint(VARIABLES)
}

fn not_started(error: &StartError) -> CliError {
    match error {
        StartError::Open { .. } => CliError::usage(error).hint(VARIABLES),
        _ => CliError::failed("proxy_start", error),
    }
}

/// The built-in providers, then those of the folders: the variable's first, then the flags'.
fn providers(flags: Vec<PathBuf>, variable: Option<String>) -> Providers {
    let named =
        variable.map(|folders| std::env::split_paths(&folders).collect::<Vec<_>>()).unwrap_or_default();
    let folders: Vec<_> = named.into_iter().chain(flags).collect();
    Providers::load("".as_ref(), &folders)
}
