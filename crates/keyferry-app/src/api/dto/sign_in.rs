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
}

/// A sign-in as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    /// By this it is asked about.
    pub id: String,
    /// Where it stands.
    pub state: SignInState,
    /// The page at which the person allows or denies, while it waits for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
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
    /// The person has to look at `authorization_url`.
    WaitingForPerson,
    /// The connection is in the vault.
    Done,
    /// There is none.
    Failed,
}
