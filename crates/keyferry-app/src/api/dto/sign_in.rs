//! `POST /api/v1/sign-ins` and `GET /api/v1/sign-ins/{id}`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;

/// What to sign in to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignInRequest {
    /// The provider, for a new account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The connection, to sign in to it again. Either this or `provider`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// What the provider asks of the person before the sign-in. Whoever signs in again need not say it again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    /// Whether the app opens the system browser; else the caller shows `authorization_url`.
    #[serde(default)]
    pub open_browser: bool,
    /// What the person said to a sign-in in a window. Means nothing for OAuth.
    #[serde(default)]
    pub window: WindowChoice,
}

/// What a person says to a sign-in in a window of ours, in which a session token is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowChoice {
    /// That they were told what is read and where it goes (`told` of the provider), and want it. Without it a sign-in, to a new account or
    /// to one that is there, is refused with `window_not_agreed`, whose message is that text.
    #[serde(default)]
    pub agreed: bool,
    /// Whether the window's profile is kept on this machine, so that the next sign-in is a click. Left out, it is as it was before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep_signed_in: Option<bool>,
}

/// What a window did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignInWindow {
    /// Where it may not go, each host once, in the order in which it tried.
    pub refused: Vec<RefusedPlace>,
    /// Of the page that holds the tokens: what is not there yet, or not of its form.
    pub missing: Vec<String>,
}

/// A place that a window was kept from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RefusedPlace {
    /// The host, in punycode, with a port that is not https's own.
    pub host: String,
    /// Why, as a stable word: `not_listed`, `not_https`, `port`, `user_info` or `no_host`.
    pub reason: String,
    /// The same for people.
    pub text: String,
    /// What was to go there: `page` or `frame`.
    pub part: String,
}

/// A sign-in as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    /// By this it is asked about.
    pub id: String,
    /// Where one signs in.
    pub provider: String,
    /// The connection that gets the new access; none for a new account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed: Option<String>,
    /// Where it stands.
    pub state: SignInState,
    /// Grows with each change; give it as `after` to wait for the next one.
    pub revision: u64,
    /// The page at which the person allows or denies, while it waits for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    /// What the window did, where one is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<SignInWindow>,
    /// The connection, once it is in the vault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// Where a sign-in stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignInState {
    /// The person has to look at `authorization_url`, or at the window.
    WaitingForPerson,
    /// The connection is in the vault.
    Done,
    /// There is none.
    Failed,
}
