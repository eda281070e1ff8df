//! `POST /api/v1/installs` and `GET /api/v1/installs/{id}`.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::Problem;

/// What to install and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstallRequest {
    /// Which manifest.
    #[schema(value_type = ManifestChoiceFields)]
    pub manifest: ManifestChoice,
    /// Values of the manifest's `user_config`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Value>,
    /// How to sign in, where the manifest offers a choice; `null` takes what the manifest requires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<AuthMethod>,
    /// What the provider asks of the person before the sign-in, such as the name of their workspace.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub config: BTreeMap<String, String>,
    /// A connection that exists already, instead of a new sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// What runs the server; `null` leaves it to the settings. `process` is also the yes to «only as a process».
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime: Option<Runtime>,
    /// What of the network a container reaches; `null` is `internet`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// Whether the app opens the system browser for the sign-in; else the caller shows `authorization_url`.
    #[serde(default)]
    pub open_browser: bool,
}

/// What runs a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Runtime {
    /// A child of the app's, which may do what the person may.
    Process,
    /// A container of Podman's or Docker's.
    Container,
}

/// What of the network a container reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Nothing.
    None,
    /// The internet, and the machine's private networks.
    Internet,
    /// What the machine reaches, its own loopback with it.
    Host,
}

impl From<Runtime> for crate::runtime::RuntimeKind {
    fn from(runtime: Runtime) -> Self {
        match runtime {
            Runtime::Process => Self::Process,
            Runtime::Container => Self::Container,
        }
    }
}

impl From<Network> for crate::runtime::Network {
    fn from(network: Network) -> Self {
        match network {
            Network::None => Self::None,
            Network::Internet => Self::Internet,
            Network::Host => Self::Host,
        }
    }
}

/// A manifest of the catalog by name, or one that comes along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ManifestChoiceFields", into = "ManifestChoiceFields")]
pub enum ManifestChoice {
    /// A manifest of the catalog.
    Named(String),
    /// A manifest that is not in the catalog.
    Inline {
        /// The manifest's JSON.
        manifest: Value,
        /// The folder the manifest lies in: what `${__dirname}` stands for. Absolute.
        folder: Option<PathBuf>,
    },
}

/// [`ManifestChoice`] as it travels: `{"name": …}` or `{"inline": …, "folder": …}`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ManifestChoiceFields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    inline: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    folder: Option<PathBuf>,
}

impl TryFrom<ManifestChoiceFields> for ManifestChoice {
    type Error = &'static str;

    fn try_from(fields: ManifestChoiceFields) -> Result<Self, Self::Error> {
        match (fields.name, fields.inline, fields.folder) {
            (Some(name), None, None) => Ok(Self::Named(name)),
            (None, Some(manifest), folder) => Ok(Self::Inline { manifest, folder }),
            _ => Err("a manifest is either {\"name\": …} or {\"inline\": …} with an optional \"folder\""),
        }
    }
}

impl From<ManifestChoice> for ManifestChoiceFields {
    fn from(choice: ManifestChoice) -> Self {
        match choice {
            ManifestChoice::Named(name) => Self { name: Some(name), inline: None, folder: None },
            ManifestChoice::Inline { manifest, folder } => {
                Self { name: None, inline: Some(manifest), folder }
            }
        }
    }
}

/// The two ways to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// OAuth in the system browser.
    Oauth,
    /// Sign-in without OAuth, in a window of our own.
    Browser,
}

/// An install under way or over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Install {
    /// 128 random bits; names the install, and is no authority by itself.
    pub id: String,
    /// The server being installed.
    pub server: String,
    /// Where it stands.
    pub state: InstallState,
    /// Grows with every change; give it as `after` to wait for the next one.
    pub revision: u64,
    /// The page on which the person allows access; present while `waiting_for_person`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_url: Option<String>,
    /// The exact command the server will run, escaped so that nothing in it can hide.
    pub command: String,
    /// What has happened so far.
    pub steps: Vec<InstallStep>,
    /// The tools the server offers, once it is `done`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<String>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Problem>,
}

/// Where an install stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InstallState {
    /// The app is busy with it.
    Working,
    /// The person has to allow access in the browser.
    WaitingForPerson,
    /// The server is installed and runs.
    Done,
    /// It ended without a server; `error` says why. Nothing is left half-installed.
    Failed,
}

impl InstallState {
    /// Whether nothing will change any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

/// One step of an install.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InstallStep {
    /// Counts from 1.
    pub number: usize,
    /// Which step it is.
    pub name: StepName,
    /// How it went.
    pub state: StepState,
    /// What it did, for a person.
    pub text: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// How long it took, or has taken so far.
    pub elapsed_ms: u64,
}

/// The steps of an install, in their order. A step that is not needed does not appear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepName {
    /// The person allows access; the tokens go into the vault.
    SignIn,
    /// A connection that exists is taken.
    Connection,
    /// The server's environment is made from its settings and the connection.
    Delivery,
    /// The image of its container is fetched or built, where it is not there yet.
    Image,
    /// The server is started and initialised over MCP.
    Start,
    /// The server is asked for its tools.
    Tools,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It is under way.
    Working,
    /// It waits for the person.
    WaitingForPerson,
    /// It is done.
    Done,
    /// It failed, and the install with it.
    Failed,
}
