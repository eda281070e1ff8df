//! `keyferry connections add` and `keyferry connections sign-in`

use std::{sync::OnceLock, time::Duration};

use keyferry_app::api::dto::{Connection, SignIn, SignInRequest, SignInState, WindowChoice};

use super::{Id, show::human};
use crate::{
    cli::Global,
    client::Api,
    commands::{
        install,
        window::{self, Window},
    },
    error::{CliError, CliResult},
    output,
    session::with_api_or_undo,
};

/// How long one question for news waits.
const WAIT: Duration = Duration::from_secs(20);

/// A new account.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry connections add jira
  keyferry connections add zendesk --config subdomain=acme
  keyferry connections add slack-browser --keep-signed-in

`keyferry install NAME --connection ID` gives the account to a server; one that is installed without signs in by itself.")]
pub(crate) struct Add {
    /// The provider, as `keyferry provider list` shows it
    #[arg(value_name = "PROVIDER")]
    provider: String,
    #[command(flatten)]
    how: How,
}

/// An account that is there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  keyferry connections sign-in abcdefghijkl

The servers that use the connection go on with the new access. What there was stays until the new access is in.
Where a window opens, it is told again what will be read in it and where that goes, and asked.")]
pub(crate) struct Again {
    #[command(flatten)]
    id: Id,
    #[command(flatten)]
    how: How,
}

/// How to sign in.
#[derive(Debug, clap::Args)]
struct How {
    /// What the provider asks for before the sign-in, such as the name of your workspace; may stand several times
    #[arg(long = "config", value_name = "NAME=VALUE")]
    config: Vec<String>,
    /// Print the sign-in page's address and open no browser
    #[arg(long)]
    no_browser: bool,
    /// Open a window in which a session token is read, without a question
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    window: Window,
}

pub(crate) async fn add(global: &Global, Add { provider, how }: Add) -> CliResult {
    let provider = Some(provider);
    run(global, SignInRequest { provider, ..how.request()? }, None).await
}

pub(crate) async fn again(global: &Global, Again { id, how }: Again) -> CliResult {
    let connection = Some(id.id.to_string());
    run(global, SignInRequest { connection, ..how.request()? }, Some(&id)).await
}

impl How {
    fn request(&self) -> CliResult<SignInRequest> {
        let config = install::config(&self.config)?;
        let window = self.window.choice(self.yes);
        Ok(SignInRequest { config, open_browser: !self.no_browser, window, ..SignInRequest::default() })
    }
}

async fn run(global: &Global, request: SignInRequest, renewed: Option<&Id>) -> CliResult {
    let begun = OnceLock::new();
    let work = async |api: &Api| {
        let before: Option<Connection> = match renewed {
            Some(id) => Some(api.get(&id.path("")).await?),
            None => None,
        };
        let id = match follow(api, &request, &begun).await {
            Err(error) if error.is(window::NOT_AGREED) && window::agrees(&error) => {
                let window = WindowChoice { agreed: true, ..request.window };
                follow(api, &SignInRequest { window, ..request.clone() }, &begun).await?
            }
            outcome => outcome?,
        };
        let now: Connection = api.get(&format!("/connections/{id}")).await?;
        Ok((before, now))
    };
    let (before, now) = with_api_or_undo(global, work, async |api| cancel(api, &begun).await).await?;
    output::data(global.json, &now, human);
    if let Some(was) =
        before.and_then(|before| before.account).filter(|was| now.account.as_ref() != Some(was))
    {
        let is = now.account.as_deref().unwrap_or("an account without a name");
        output::note(&format!(
            "Mind: this connection was {was}, and is {is} now. Its servers work with that account."
        ));
    }
    if !now.missing_scopes.is_empty() {
        output::note(&format!("Not allowed: {}. What needs it will fail.", now.missing_scopes.join(" ")));
    }
    Ok(())
}

/// Waits for the person, and answers with the connection's id.
async fn follow(api: &Api, request: &SignInRequest, begun: &OnceLock<String>) -> CliResult<String> {
    let mut sign_in: SignIn = api.post("/sign-ins", request).await?;
    begun.get_or_init(|| sign_in.id.clone());
    if let Some(url) = &sign_in.authorization_url {
        output::note(&format!("allow access here: {url}"));
    }
    let mut told = window::Told::default();
    loop {
        for line in sign_in.window.iter().flat_map(|window| told.news(window)) {
            output::note(&line);
        }
        match (sign_in.state, sign_in.connection.take(), sign_in.error.take()) {
            (SignInState::Done, Some(connection), _) => return Ok(connection),
            (SignInState::Failed, _, Some(problem)) => return Err(problem.into()),
            (SignInState::WaitingForPerson, ..) => {}
            _ => return Err(CliError::failed("sign_in_failed", "the sign-in failed")),
        }
        let path = format!("/sign-ins/{}?after={}&wait={}", sign_in.id, sign_in.revision, WAIT.as_secs());
        sign_in = api.get(&path).await?;
    }
}

/// Ends a sign-in that was begun: whoever ends the command does not want it any more.
async fn cancel(api: &Api, begun: &OnceLock<String>) {
    let Some(id) = begun.get() else { return };
    let cancelled: CliResult<SignIn> = api.delete(&format!("/sign-ins/{id}")).await;
    match cancelled {
        Ok(sign_in) if sign_in.state == SignInState::Done => output::note("it was signed in already"),
        Ok(_) => output::note("the sign-in is cancelled; nothing has changed"),
        Err(error) => {
            error.report(false);
        }
    }
}
