//! `keyferry proxy`

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use keyferry_app::providers::{Providers, Snapshot};
use keyferry_proxy::{ConfigError, DotEnv, ProviderUpdates, Proxy, ProxyConfig, StartError, variable_slips};
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
const VARIABLES: &str = "`keyferry proxy --help` and docs/settings.md name the variables";

/// Runs the proxy until it is asked to end.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry proxy                              with the credentials of ./.env or the environment
  keyferry proxy --providers ./providers      with provider files of your own
  keyferry proxy --listen 127.0.0.1:0         on a free port, which is printed

Credentials: JIRA_CLIENT_ID and JIRA_CLIENT_SECRET, or JIRA_CLIENT_SECRET_FILE; the provider's name in capitals, '-' as '_'.
Off loopback it wants access keys (KEYFERRY_PROXY_ACCESS_KEYS=name=key,…) or KEYFERRY_PROXY_OPEN=true.")]
pub(crate) struct Args {
    /// Where to listen [env: KEYFERRY_PROXY_LISTEN] [default: 127.0.0.1:7666]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// A folder of provider files beside the built-in ones [env: KEYFERRY_PROVIDERS]
    #[arg(long, value_name = "DIR")]
    providers: Vec<PathBuf>,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let dot_env = DotEnv::read(DOT_ENV.as_ref())
        .map_err(|error| CliError::failed("proxy_settings", error).hint(VARIABLES))?;
    let mut named: Vec<_> = dot_env.names().map(str::to_owned).collect();
    named.sort();
    let lookup = dot_env.behind(|name| std::env::var(name).ok());
    let providers = Arc::new(providers(args.providers, lookup(PROVIDERS)));
    let mut news = providers.subscribe();
    let known = news.borrow_and_update().set().clone();
    for slip in variable_slips(&known, named.iter().map(String::as_str)) {
        tracing::warn!("{DOT_ENV}: {slip}");
    }
    let mut config =
        ProxyConfig::from_environment(Arc::new(known), &lookup).map_err(|error| misconfigured(&error))?;
    if let Some(listen) = args.listen {
        config.listen.address = listen;
    }
    let configured: Vec<_> = config
        .providers
        .iter()
        .filter(|file| config.credentials.get(&file.name).is_some())
        .map(|file| file.name.to_string())
        .collect();
    let proxy = Proxy::bind(config).await.map_err(|error| not_started(&error))?;
    let address = format!("http://{}", proxy.address());
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
        () = proxy.serve(signals::asked_to_end()) => {}
        () = providers.keep_up() => {}
        () = follow(news, updates, &lookup) => {}
    }
    Ok(())
}

/// Hands the proxy every change of the provider files.
async fn follow(
    mut news: Receiver<Arc<Snapshot>>,
    mut updates: ProviderUpdates,
    lookup: &impl Fn(&str) -> Option<String>,
) {
    while news.changed().await.is_ok() {
        let now = Arc::clone(&news.borrow_and_update());
        updates.replace(now.set(), lookup);
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
