//! What a manifest's server needs, and whether this machine has it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Problem;

/// What a server needs, as its manifest says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CatalogNeeds {
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountNeed>,
    /// Settings without which it can't be installed and which have no default.
    pub settings: Vec<SettingNeed>,
    /// What runs, and where.
    pub runs: Runs,
    /// All of it in words, each a part of a list: `an account at Jira`, `2 settings`.
    pub in_words: Vec<String>,
}

/// An account that a server needs or can use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountNeed {
    /// The provider; absent where the server's own service names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's name for people, where its file is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Whether there is a provider file of that name.
    pub known: bool,
    /// Whether the server can't be installed without it.
    pub required: bool,
    /// How one signs in.
    pub way: AccountWay,
    /// What is asked for.
    pub scopes: Vec<String>,
}

/// How one signs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountWay {
    /// OAuth in the system browser.
    Oauth,
    /// Without OAuth, in a window of our own.
    Browser,
    /// The one or the other.
    OauthOrBrowser,
    /// OAuth at the server that the service itself names (RFC 9728).
    Discovery,
}

/// A setting that the person has to give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SettingNeed {
    /// The key that `--set KEY=VALUE` takes.
    pub key: String,
    /// The label for people.
    pub title: String,
    /// Whether it is a secret.
    pub sensitive: bool,
}

/// What runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Runs {
    /// Where.
    pub place: RunsWhere,
    /// The program, as the manifest has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The container image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The URL of a service, as the manifest has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Where a server can run, as far as its manifest tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunsWhere {
    /// In a container alone.
    Container,
    /// In a container, or as a process where its program is installed.
    ContainerOrProcess,
    /// As a process alone: no image has its program.
    Process,
    /// It is a part of Keyferry.
    Keyferry,
    /// On somebody else's machine (`"type": "remote"`).
    Elsewhere,
}

/// One way in which a server could work on this machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Here {
    /// The way.
    pub way: HereWay,
    /// Whether it works as things are.
    pub works: bool,
    /// Why not, and what to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Problem>,
}

/// The ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HereWay {
    /// In a container of Podman's or Docker's.
    Container,
    /// As a process of the app's.
    Process,
    /// Elsewhere: only the way to it is here.
    Elsewhere,
}
