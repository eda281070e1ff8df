//! `keyferry proxy keys`: who may use a proxy.

use std::path::PathBuf;

use keyferry_core::id::ProviderName;
use keyferry_proxy::{AccessKey, KeyFile, KeyFileError, NewKey, Rate};
use serde::Serialize;

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output,
};

/// The variable that names the file for the proxy.
const FILE: &str = "KEYFERRY_PROXY_ACCESS_KEYS_FILE";

/// What the help shows.
pub(super) const EXAMPLES: &str = "\
Examples:
  keyferry proxy keys add office --file access_keys
  KEYFERRY_PROXY_ACCESS_KEYS_FILE=access_keys keyferry proxy";

/// The commands about access keys.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make a key, and show it once
    #[command(
        after_help = "Examples:\n  keyferry proxy keys add office --file access_keys\n  keyferry proxy keys add ada --providers jira,slack --rate 600/m --file access_keys\n\nThe file holds the key's hash alone. Two keys may bear one name, so that one can replace the other without a gap."
    )]
    Add(Add),
    /// List the keys, by what the file says of them
    #[command(after_help = "Example:\n  keyferry proxy keys list --file access_keys")]
    List(Of),
    /// Take keys out, by their name or their id
    #[command(
        after_help = "Examples:\n  keyferry proxy keys revoke ada --file access_keys       all keys of this name\n  keyferry proxy keys revoke 1f2e3d4c --file access_keys  this one\n\nA proxy that runs with the file notices within seconds."
    )]
    Revoke(Revoke),
}

/// The file.
#[derive(Debug, clap::Args)]
pub(super) struct Of {
    /// The file of access keys [env: KEYFERRY_PROXY_ACCESS_KEYS_FILE]
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// What a new key is good for.
#[derive(Debug, clap::Args)]
pub(super) struct Add {
    /// Whose key it is: 1 to 64 of a-z, 0-9, '-', '_'
    name: String,
    /// The only providers that it is good for
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    providers: Vec<ProviderName>,
    /// How often its holders may ask together, such as 600/m
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,
    #[command(flatten)]
    of: Of,
}

/// What to take out.
#[derive(Debug, clap::Args)]
pub(super) struct Revoke {
    /// A name, or the id of one key
    key: String,
    #[command(flatten)]
    of: Of,
}

/// A key as it is shown: never the key itself, but for the moment in which it is made.
#[derive(Debug, Serialize)]
struct Shown {
    name: String,
    id: String,
    providers: Option<Vec<String>>,
    rate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

pub(super) fn run(global: &Global, command: Command) -> CliResult {
    match command {
        Command::Add(args) => add(global, args),
        Command::List(of) => list(global, of),
        Command::Revoke(args) => revoke(global, args),
    }
}

fn add(global: &Global, args: Add) -> CliResult {
    let mut file = open(args.of)?;
    let key = NewKey::draw().map_err(|error| failed(&error))?;
    let providers = Some(args.providers).filter(|names| !names.is_empty());
    let entry = AccessKey::entry(&args.name, key.expose_secret(), providers, args.rate)
        .map_err(|_| CliError::usage("a name is 1 to 64 of a-z, 0-9, '-', '_'"))?;
    file.add(&entry);
    file.write().map_err(|error| failed(&error))?;
    let shown = Shown { key: Some(key.expose_secret().to_owned()), ..shown(&entry) };
    output::data(global.json, &shown, |shown| {
        format!(
            "{}\n\nThis is the key of {} ({}). It is shown once: the file holds its hash alone.\n\
             Its holder sets KEYFERRY_PROXY_ACCESS_KEY, or proxy_access_key in keyferry.toml.",
            key.expose_secret(),
            shown.name,
            shown.id
        )
    });
    Ok(())
}

fn list(global: &Global, of: Of) -> CliResult {
    let keys = open(of)?.keys().map_err(|error| failed(&error))?;
    let shown: Vec<_> = keys.iter().map(shown).collect();
    output::data(global.json, &shown, |shown| {
        let row = |key: &Shown| {
            let providers = key.providers.as_ref().map_or("all".to_owned(), |names| names.join(", "));
            [key.name.clone(), key.id.clone(), providers, key.rate.clone().unwrap_or_default()]
        };
        let rows: Vec<_> = shown.iter().map(row).collect();
        output::table(["NAME", "ID", "PROVIDERS", "RATE"], &rows, "There are no keys.")
    });
    Ok(())
}

fn revoke(global: &Global, args: Revoke) -> CliResult {
    let mut file = open(args.of)?;
    let count = file.revoke(|key| **key.caller() == *args.key || key.id() == args.key);
    if count == 0 {
        return Err(CliError::failed("no_such_key", "no key has this name or id")
            .hint("`keyferry proxy keys list` shows them"));
    }
    file.write().map_err(|error| failed(&error))?;
    output::data(global.json, &serde_json::json!({ "revoked": count }), |_| match count {
        1 => "One key is revoked".to_owned(),
        many => format!("{many} keys are revoked"),
    });
    Ok(())
}

fn open(of: Of) -> Result<KeyFile, CliError> {
    let named = || std::env::var_os(FILE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let path = of.file.or_else(named).ok_or_else(|| {
        CliError::usage("which file of access keys?").hint(format!("say it with --file or {FILE}"))
    })?;
    KeyFile::open(path).map_err(|error| failed(&error))
}

fn shown(key: &AccessKey) -> Shown {
    let names = |names: &[ProviderName]| names.iter().map(ToString::to_string).collect();
    Shown {
        name: key.caller().to_string(),
        id: key.id(),
        providers: key.providers().map(names),
        rate: key.rate().map(|rate| rate.to_string()),
        key: None,
    }
}

fn failed(error: &KeyFileError) -> CliError {
    CliError::failed("access_keys", error)
}
