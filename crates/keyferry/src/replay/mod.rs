//! A replay: the whole flow of one provider file, through the real proxy, against a stand-in that answers with recorded replies.
//!
//! [`play`] takes a provider file and a recording, and tells step by step what was sent where, what came back, and what a server would get
//! in the end. Where the recording has demands, it also tells what the service would not have liked. No secret is in what it tells.

mod account;
mod at_proxy;
mod delivered;
mod recorded;
mod refusals;
mod report;
mod scene;
mod sign_in;
mod stated;

use std::collections::BTreeMap;

use jiff::Timestamp;
use keyferry_core::{
    flow::Tokens,
    id::FactName,
    provider::{InvalidConfig, InvalidEndpoint, ProviderFile, UnresolvedEndpoint},
    secret::RefreshToken,
};
use keyferry_sandbox::stand_in::{Expected, Recording};

pub use self::report::{Delivered, DeliveredFile, Report, Step};
use self::{delivered::Delivery, report::Story, scene::Scene};

/// What a play is of.
#[derive(Debug)]
pub struct Play<'a> {
    /// The provider file.
    pub file: &'a ProviderFile,
    /// What the service answered, and demands.
    pub recording: Recording,
    /// What the person is asked for. It goes before what the recording's demands say.
    pub config: BTreeMap<FactName, String>,
}

/// Why there is no play at all.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A provider without the authorization code flow.
    #[error("one signs in there in a browser window: there is no flow to replay")]
    NoFlow,
    /// A value of the person's is missing or wrong.
    #[error("{0}")]
    Config(#[from] InvalidConfig),
    /// A name that can't be one of `[config.NAME]`.
    #[error("{0}")]
    ConfigName(#[from] keyferry_core::id::InvalidId),
    /// An endpoint gets too long.
    #[error("{0}")]
    Endpoint(#[from] InvalidEndpoint),
    /// An endpoint of the file can't be called with these values.
    #[error("{0}")]
    Unresolved(#[from] UnresolvedEndpoint),
    /// The stand-in or the proxy can't start.
    #[error("the stage can't be set: {0}")]
    Stage(String),
}

impl ReplayError {
    /// What to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NoFlow => "a replay is for files with [authorization] and [token]",
            Self::Config(_) | Self::ConfigName(_) => {
                "give values for [config.NAME] with --config NAME=VALUE, or in [config] of DIR/demands.toml"
            }
            Self::Endpoint(_) | Self::Unresolved(_) => {
                "look at the endpoints of the file and at the values in them"
            }
            Self::Stage(_) => "it needs two free ports on 127.0.0.1",
        }
    }
}

/// The replay's clock stands still, so that what it tells depends on file and recording alone.
pub(crate) fn now() -> Timestamp {
    Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_secs(1_800_000_000)
}

/// Plays the flow.
///
/// # Errors
/// [`ReplayError`] when it can't even begin. Whatever goes wrong in it is told in the [`Report`].
pub async fn play(play: Play<'_>) -> Result<Report, ReplayError> {
    let scene = Scene::set(play).await?;
    let mut story = Story::new(&scene);
    perform(&scene, &mut story).await;
    scene.strike().await;
    Ok(story.end())
}

/// One connection as far as it got.
struct Connection {
    tokens: Tokens,
    account: Option<String>,
    redirect_uri: String,
}

impl Connection {
    /// How it differs from what is expected, in sentences without a secret.
    fn differences(&self, expected: &Expected) -> Vec<String> {
        let mut found = Vec::new();
        if expected.account != self.account {
            found.push("the account's label is not what is expected".to_owned());
        }
        let kept: BTreeMap<_, _> =
            self.tokens.metadata.iter().map(|(name, text)| (name.as_str(), text.expose_secret())).collect();
        let other =
            expected.metadata.iter().filter(|(name, value)| kept.get(name.as_str()) != Some(&value.as_str()));
        found.extend(other.map(|(name, _)| format!("{{metadata.{name}}} is not what is expected")));
        if expected.scope.as_ref().is_some_and(|scope| *scope != self.tokens.scopes.to_string()) {
            found.push("the granted scopes are not what is expected".to_owned());
        }
        match (expected.expires, self.tokens.expires_at) {
            (Some(true), None) => {
                found.push("it is not known when the access token expires".to_owned());
            }
            (Some(false), Some(_)) => {
                found.push("the access token expires, which is not expected".to_owned());
            }
            _ => {}
        }
        found
    }
}

async fn perform(scene: &Scene, story: &mut Story) {
    for difference in stated::differences(&scene.file, &scene.oauth, &scene.demands) {
        story.fail("file", &difference);
    }
    let Some(mut connection) = connect(scene, story).await else { return };
    let expected = scene.demands.expected.as_ref();
    story.server = deliver(scene, story, &connection, expected.map(|expected| &expected.env), expected);
    for difference in expected.iter().flat_map(|expected| connection.differences(expected)) {
        story.fail("connection", &difference);
    }
    let spendable = connection.tokens.refresh_token.clone().filter(|_| scene.oauth.token.refresh);
    match &spendable {
        Some(token) => refresh(scene, story, &mut connection, token).await,
        None if scene.recorded.refresh.is_some() && scene.oauth.token.refresh => {
            let places = recorded::at(&scene.oauth.token.response.refresh_token);
            let sentence = format!(
                "refresh.http is not played, for no refresh token stands at {places} in token.http; [token.response] refresh_token says where it is"
            );
            story.fail("refresh", &sentence);
        }
        None if scene.demands.refresh.is_some() => {
            story.fail(
                "refresh",
                "the service refreshes, but the file says otherwise or no refresh token came",
            );
        }
        None => {}
    }
    revoke(scene, story, &connection).await;
    refusals::hear(scene, story, &connection, spendable.is_some()).await;
}

/// The sign-in, the code exchange, and the account.
async fn connect(scene: &Scene, story: &mut Story) -> Option<Connection> {
    let recorded = &scene.recorded;
    if !story.has("callback.txt", recorded.callback) || !story.has("token.http", !recorded.tokens.is_empty())
    {
        return None;
    }
    let code = story.step(scene, "sign-in", sign_in::sign_in(scene).await)?;
    let format = &scene.oauth.token.response;
    let explained = |error| at_proxy::explained(error, format, recorded.token());
    let reply = at_proxy::exchange(scene, &code).await.map_err(explained);
    let reply = story.step(scene, "code exchange", reply)?;
    if let Some(recorded) = recorded.token() {
        story.note(recorded::left_out(format, "token.http", recorded));
        story.note(recorded::end_left_out(format, recorded));
    }
    let mut tokens = Tokens::granted(reply, &code.scopes, now());
    // What the token reply tells goes before what the redirect told.
    let told = std::mem::replace(&mut tokens.metadata, code.metadata);
    tokens.metadata.extend(told);
    let mut connection =
        Connection { tokens, account: None, redirect_uri: code.redirect_uri.as_str().to_owned() };
    if let Some(account) = &scene.file.account {
        if account.request.is_some() && !story.has("account.http", recorded.account) {
            return Some(connection);
        }
        let found = account::ask(scene, account, &connection.tokens).await;
        let found = story.step(scene, "account", found)?;
        connection.account = found.label;
        connection.tokens.metadata.extend(found.metadata);
    }
    Some(connection)
}

async fn refresh(scene: &Scene, story: &mut Story, connection: &mut Connection, token: &RefreshToken) {
    let recorded = scene.recorded.refresh.as_ref();
    if !story.has("refresh.http", recorded.is_some()) {
        return;
    }
    let explained = |error| at_proxy::explained(error, &scene.oauth.token.response, recorded);
    let reply = at_proxy::refresh(scene, token, connection).await.map_err(explained);
    let Some(reply) = story.step(scene, "refresh", reply) else { return };
    connection.tokens = connection.tokens.renewed(reply, now());
    let expected = scene.demands.expected.as_ref().map(|expected| &expected.after_refresh);
    story.refreshed = deliver(scene, story, connection, expected, None);
}

async fn revoke(scene: &Scene, story: &mut Story, connection: &Connection) {
    match (&scene.oauth.revocation, &scene.demands.revoke) {
        (Some(_), _) => {
            let told = at_proxy::revoke(scene, &connection.tokens).await.map_err(|error| error.to_string());
            story.step(scene, "revocation", told);
        }
        (None, Some(demand)) => {
            let finding =
                format!("the service revokes at {}, but the file has no [revocation]", demand.endpoint);
            story.fail("revocation", &finding);
        }
        (None, None) => {}
    }
}

/// What a server would get, compared with what is expected.
fn deliver(
    scene: &Scene,
    story: &mut Story,
    connection: &Connection,
    env: Option<&BTreeMap<String, String>>,
    expected: Option<&Expected>,
) -> Option<Delivered> {
    let step = "delivery";
    match Delivery::of(scene, connection) {
        Ok(delivery) => {
            for difference in delivery.differences(env, expected.map(|expected| &expected.files)) {
                story.fail(step, &difference);
            }
            story.note(delivery.left_out(scene));
            Some(delivery.shown())
        }
        Err(error) => {
            story.fail(step, &error);
            None
        }
    }
}
