//! `keyferry provider new`
//!
//! What is asked for stands in [`questions`], what a server tells in [`discover`], the file that comes of both in [`draft`].

mod discover;
mod draft;
mod questions;
mod write;

use std::{
    io::{self, IsTerminal as _},
    path::PathBuf,
};

use keyferry_core::{
    delivery::{EnvName, Template},
    diagnostic::Diagnostics,
    flow::server_metadata::Discovery,
    id::ProviderName,
    provider::{EndpointTemplate, ProviderFile, builtin},
    scope::Scope,
    url::RedirectUri,
};
use serde_json::json;

use self::{draft::Draft, questions::Dialogue, write::Target};
use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output, parts,
};

/// Writes a provider file.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry provider new acme
  keyferry provider new acme --discover https://acme.example
  keyferry provider new acme --authorization https://acme.example/authorize \\
      --token https://acme.example/token --scope notes:read --env ACME_TOKEN

On a terminal it asks for what no flag says; Enter takes what stands in brackets.")]
pub(crate) struct Args {
    /// The provider's name, which becomes the file's
    name: ProviderName,
    /// Read endpoints and methods from this issuer's discovery document (RFC 8414, OpenID Connect), or from the document's own URL
    #[arg(long, value_name = "ISSUER|URL", value_parser = Discovery::parse)]
    discover: Option<Discovery>,
    /// What people call the service
    #[arg(long, value_name = "TEXT")]
    display_name: Option<String>,
    /// The authorization endpoint; {config.NAME} in it becomes a question to the person
    #[arg(long, value_name = "URL", value_parser = EndpointTemplate::parse)]
    authorization: Option<EndpointTemplate>,
    /// The token endpoint
    #[arg(long, value_name = "URL", value_parser = EndpointTemplate::parse)]
    token: Option<EndpointTemplate>,
    /// The revocation endpoint
    #[arg(long, value_name = "URL", value_parser = EndpointTemplate::parse)]
    revocation: Option<EndpointTemplate>,
    /// A scope to ask for; may stand several times
    #[arg(long = "scope", value_name = "SCOPE", value_parser = Scope::new)]
    scopes: Vec<Scope>,
    /// How the proxy authenticates itself at the token endpoint
    #[arg(long, value_name = "METHOD")]
    client_auth: Option<ClientAuth>,
    /// Whether the service takes PKCE
    #[arg(long)]
    pkce: Option<Pkce>,
    /// A variable that the server reads, with the access token, or with what stands behind `=`; may stand several times
    #[arg(long = "env", value_name = "VAR[=TEMPLATE]", value_parser = variable)]
    env: Vec<Variable>,
    /// Where to write: a file, or `-` for standard output [default: providers/NAME.toml]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// Ask nothing: take the defaults
    #[arg(short, long)]
    yes: bool,
}

/// The methods of RFC 6749 §2.3.1 and RFC 7523, by their registered names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum ClientAuth {
    /// Id and secret in the body
    ClientSecretPost,
    /// Id and secret in the HTTP Basic header
    ClientSecretBasic,
    /// A signed assertion
    PrivateKeyJwt,
    /// No secret: a public client
    None,
}

/// Whether the service takes PKCE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Pkce {
    /// It does, or does not mind
    #[value(name = "S256")]
    S256,
    /// It refuses a code challenge
    None,
}

/// A variable and its template.
pub(super) type Variable = (EnvName, String);

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let target = Target::of(args.output.as_deref(), &args.name);
    target.must_be_free(args.force)?;
    let (name, force) = (args.name.clone(), args.force);
    let draft = draft(global, args).await?;
    let text = draft.text();
    let warnings = checked(&name, &target.shown(), &text)?;
    target.write(&text, force)?;
    tell(global, &draft, &target, &text)?;
    if !global.json && !warnings.is_empty() {
        output::note(&format!("\n{warnings}"));
    }
    Ok(())
}

async fn draft(global: &Global, mut args: Args) -> CliResult<Draft> {
    let asks = !args.yes && !global.json && io::stdin().is_terminal() && output::watched();
    let found = match args.discover.take() {
        Some(discovery) => Some(discover::fetch(&discovery).await?),
        None => None,
    };
    let (mut input, mut out) = (io::stdin().lock(), io::stderr());
    let dialogue = asks.then(|| Dialogue::new(&mut input, &mut out));
    questions::draft(args, found, dialogue)
}

/// What is written must be a file that can be used; what `provider check` would warn of is told once it is written.
fn checked(name: &ProviderName, shown: &str, text: &str) -> CliResult<Diagnostics> {
    match ProviderFile::parse(name.clone(), shown, text) {
        Ok(checked) => Ok(checked.warnings),
        Err(found) => Err(CliError::failed(
            "unusable_answers",
            format!("these answers make no good provider file:\n{found}"),
        )),
    }
}

fn tell(global: &Global, draft: &Draft, target: &Target, text: &str) -> CliResult {
    let callback = callback(global, &draft.name)?;
    let variables = draft.variables();
    if target.is_stdout() && !global.json {
        output::line(text);
    } else {
        let shown =
            json!({ "file": target.shown(), "text": text, "callback": callback, "variables": variables });
        output::data(global.json, &shown, |_| format!("wrote {}", target.shown()));
    }
    if global.json {
        return Ok(());
    }
    let lines: Vec<_> = variables.iter().map(|variable| format!("     {variable}=…")).collect();
    output::note(&format!(
        "\nNext:\n  1. Register an OAuth app at the service, with this callback URL to the letter:\n     {callback}\n  2. Put what it gives you into the proxy's environment, or the file .env in the folder that the proxy is started in:\n{}",
        lines.join("\n")
    ));
    if builtin().any(|(known, _)| known == draft.name.as_str()) {
        output::note(&format!(
            "\nwarning: a provider `{0}` is built in; this file takes its place\n  hint: `keyferry provider show {0}` shows it",
            draft.name
        ));
    }
    Ok(())
}

/// The redirect URI of the app as it is set up here.
fn callback(global: &Global, name: &ProviderName) -> CliResult<String> {
    let listen = parts::settings(global, None)?.listen;
    let uri = RedirectUri::loopback(listen, name).map(|uri| uri.as_str().to_owned());
    // A port that the kernel chooses can't be registered: the usual one stands for it.
    Ok(uri.unwrap_or_else(|_| format!("http://127.0.0.1:7667/oauth/callback/{name}")))
}

fn variable(text: &str) -> Result<Variable, String> {
    let (name, template) = text.split_once('=').unwrap_or((text, "{access_token}"));
    let name = name.trim().parse::<EnvName>().map_err(|error| error.to_string())?;
    Template::parse(template).map_err(|error| error.to_string())?;
    Ok((name, template.to_owned()))
}
