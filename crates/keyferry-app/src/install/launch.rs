//! From an installed server to what is started: its manifest, its settings, its connection's access token.
//!
//! A server works in the folder that its manifest came with, for there its own files are; one of the built-in catalog, which has
//! none, works in an empty folder of its own in the data folder. Its `HOME` stays the person's: package runners such as `npx` and
//! `uvx` keep their downloads there. A container sees neither.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use keyferry_core::{
    id::{ConnectionId, ProviderName, ServerName},
    manifest::{
        Contained, Image, LaunchError, LaunchSpec, LaunchText, Local, Manifest, Platform, Server, Settings,
        Surroundings, display_command, display_contained,
    },
    secret::SecretText,
    url::Endpoint,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    InstallError, connect,
    delivery::{Delivered, StartDigest},
    paths, place,
};
use crate::{
    api::dto::Problem,
    catalog,
    engine::Engine,
    runtime::{Inside, Launch, Mount, Place, RemoteLaunch, RuntimeKind, ServerStatus, Start, make_private},
    vault::{Event, ServerRecord},
};

/// What a manifest and settings make on this machine.
#[derive(Debug)]
pub(super) struct Prepared {
    what: What,
    settings: Settings,
}

/// A command, or what a container runs and is shown, or what is called elsewhere.
#[derive(Debug)]
enum What {
    Command(LaunchSpec),
    Contained(Contained, Vec<Mount>),
    Elsewhere { endpoint: Endpoint, headers: Vec<(String, LaunchText)> },
}

impl Prepared {
    /// What a person is shown before anything of it runs.
    pub(super) fn shown(&self) -> String {
        match &self.what {
            What::Command(spec) => display_command(spec),
            What::Contained(contained, _) => display_contained(contained),
            // A value of the person's in it is percent-encoded, so that it shows no other host than it has.
            What::Elsewhere { endpoint, .. } => endpoint.as_str().to_owned(),
        }
    }
}

/// Fills a manifest with settings. Looks at the paths they name, and starts nothing.
pub(super) fn prepare(
    engine: &Engine,
    manifest: &Manifest,
    folder: Option<&Path>,
    given: &BTreeMap<String, Value>,
    runtime: RuntimeKind,
) -> Result<Prepared, InstallError> {
    let settings = Settings::validate(&manifest.user_config, given).map_err(InstallError::BadSettings)?;
    paths::check(&manifest.user_config, given)?;
    let what = match (&manifest.server, runtime) {
        (Server::Local(local), RuntimeKind::Process) => {
            let spec = local.launch(&settings, &engine.places.with_server_folder(folder));
            What::Command(spec.map_err(|error| bad_launch(&error))?)
        }
        (Server::Local(local), RuntimeKind::Container) => {
            let (contained, own) = contained(engine, local, folder, &settings)?;
            let mut mounts = place::mounts(engine, manifest, given, &contained.shown)?;
            mounts.extend(own);
            What::Contained(contained, mounts)
        }
        (Server::Remote(remote), _) => {
            let places = engine.places.with_server_folder(folder);
            let endpoint = remote.endpoint(&settings, &places).map_err(|error| bad_launch(&error))?;
            let headers = remote.headers(&settings, &places).map_err(|error| bad_launch(&error))?;
            What::Elsewhere { endpoint, headers }
        }
    };
    Ok(Prepared { what, settings })
}

/// What a container runs, and the server's own folder as a mount where the manifest names it.
fn contained(
    engine: &Engine,
    local: &Local,
    folder: Option<&Path>,
    settings: &Settings,
) -> Result<(Contained, Option<Mount>), InstallError> {
    let around =
        |folder| Surroundings { platform: Platform::Linux, ..engine.places.with_server_folder(folder) };
    match (local.contained(settings, &around(None)), folder) {
        (Err(LaunchError::NoFolder { .. }), Some(folder)) => {
            let contained = local.contained(settings, &around(Some(folder)));
            let own = place::own_files(engine, folder)?;
            Ok((contained.map_err(|error| bad_launch(&error))?, Some(own)))
        }
        (contained, _) => Ok((contained.map_err(|error| bad_launch(&error))?, None)),
    }
}

fn bad_launch(error: &LaunchError) -> InstallError {
    InstallError::Unusable(Problem::new("bad_launch", error.to_string()).with_hint(error.hint()))
}

/// A server about to be started.
#[derive(Debug)]
pub(crate) struct Ready {
    start: Start,
    /// Whose tokens it gets.
    account: Option<Account>,
    /// The variables that its connection fills.
    pub(super) delivered: Vec<String>,
    /// Those of them that hold the refresh token.
    pub(super) shared: Vec<String>,
}

/// Whose tokens a server gets, and which.
#[derive(Debug)]
struct Account {
    connection: ConnectionId,
    provider: ProviderName,
    generation: u64,
    good_until: Option<Timestamp>,
}

/// Makes a server ready: fills its manifest, and fetches an access token that is good.
pub(crate) async fn ready(engine: &Engine, record: &ServerRecord) -> Result<Ready, InstallError> {
    let origin = format!("the manifest of {}", record.name);
    let checked = Manifest::parse(&origin, &record.manifest)
        .map_err(|findings| InstallError::Unusable(catalog::unusable(&origin, &findings)))?;
    if checked.manifest.sign_in.oauth.is_required() && record.connection.is_none() {
        return Err(InstallError::NoConnection(record.name.clone()));
    }
    let prepared =
        prepare(engine, &checked.manifest, record.folder.as_deref(), &record.settings, record.runtime)?;
    let Prepared { what, settings } = prepared;
    let what = match what {
        What::Elsewhere { endpoint, headers } => {
            return remote(engine, record, endpoint, headers, settings).await;
        }
        here => here,
    };
    let own_folder = engine.folder.server(&record.name);
    make_private(&engine.folder.servers()).and_then(|()| make_private(&own_folder)).map_err(|error| {
        let message = format!("{} can't be made: {error}", own_folder.display());
        InstallError::Step(
            Problem::new("data_folder_unusable", message).with_hint("look at the data folder's permissions"),
        )
    })?;
    let mut launch = launch_of(record, what, &settings, &own_folder)?;
    let mut account = None;
    let (mut delivered, mut shared) = (Vec::new(), Vec::new());
    if let Some(connection) = &record.connection {
        let mut delivery = connect::delivery(engine, connection).await?;
        // What the person set for this very server goes before what their account gives to all.
        if let Server::Local(local) = &checked.manifest.server {
            let own: BTreeSet<_> = local.variables_of_person(&record.settings).collect();
            delivery.environment.retain(|(name, _)| !own.contains(name.as_str()));
            delivery.shared.retain(|name| !own.contains(name.as_str()));
        }
        account = Some(Account {
            connection: connection.clone(),
            provider: delivery.provider,
            generation: delivery.generation,
            good_until: delivery.good_until,
        });
        delivered.extend(delivery.environment.iter().map(|(name, _)| name.clone()));
        launch.environment.extend(delivery.environment);
        shared = delivery.shared;
        launch.secrets.extend(delivery.secrets);
        if !delivery.files.is_empty() {
            delivered.extend(delivery.files.iter().map(|file| format!("~/{}", file.names.join("/"))));
            launch.files = delivery.files;
            if record.runtime == RuntimeKind::Process {
                launch.environment.extend(around(&launch.home, engine.places.home()));
            }
        }
    }
    Ok(Ready { start: Start::Process(launch), account, delivered, shared })
}

/// Makes a remote server ready: its connection's access token goes along with each request, unless the manifest says otherwise.
async fn remote(
    engine: &Engine,
    record: &ServerRecord,
    endpoint: Endpoint,
    filled: Vec<(String, LaunchText)>,
    settings: Settings,
) -> Result<Ready, InstallError> {
    let mut secrets: Vec<_> = settings.secrets().cloned().collect();
    let mut headers = Vec::new();
    for (name, text) in &filled {
        headers.push((name.clone(), secret_text(text)?));
    }
    let (mut account, mut delivered) = (None, Vec::new());
    if let Some(connection) = &record.connection {
        let delivery = connect::delivery(engine, connection).await?;
        if headers.iter().all(|(name, _)| name != AUTHORIZATION) {
            let bearer = SecretText::new(format!("Bearer {}", delivery.access_token.expose_secret()));
            headers.push((AUTHORIZATION.to_owned(), bearer.map_err(|error| unpassable(&error))?));
            delivered.push("Authorization".to_owned());
        }
        account = Some(Account {
            connection: connection.clone(),
            provider: delivery.provider,
            generation: delivery.generation,
            good_until: delivery.good_until,
        });
        secrets.extend(delivery.secrets);
    }
    let remote = RemoteLaunch { server: record.name.clone(), endpoint, headers, secrets };
    Ok(Ready { start: Start::Remote(remote), account, delivered, shared: Vec::new() })
}

/// RFC 6750 §2.1.
const AUTHORIZATION: &str = "authorization";

fn secret_text(text: &LaunchText) -> Result<SecretText, InstallError> {
    SecretText::new(text.expose_text()).map_err(|error| unpassable(&error))
}

fn unpassable(error: &dyn std::fmt::Display) -> InstallError {
    InstallError::Unusable(Problem::new("bad_launch", format!("a value can't be passed: {error}")))
}

impl Ready {
    /// The image that it needs, where it runs in a container.
    pub(super) fn image(&self) -> Option<&Image> {
        match &self.start {
            Start::Process(Launch { place: Place::Container(inside), .. }) => Some(&inside.image),
            _ => None,
        }
    }

    /// What of this machine is shown to it, where it runs in a container.
    pub(super) fn mounts(&self) -> &[Mount] {
        match &self.start {
            Start::Process(Launch { place: Place::Container(inside), .. }) => &inside.mounts,
            _ => &[],
        }
    }
}

/// Has the image there that a server needs. `tell` hears how it goes.
pub(crate) async fn image(
    engine: &Engine,
    ready: &Ready,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<(), InstallError> {
    match ready.image() {
        Some(image) => Ok(engine.containers.prepare(image, tell).await?),
        None => Ok(()),
    }
}

/// Starts a server, in place of one of the same name that runs. The caller has the server's turn.
pub(crate) async fn start(engine: &Engine, ready: Ready) -> Result<ServerStatus, InstallError> {
    let (server, digest) = (ready.start.server().clone(), digest(&ready.start));
    engine.deliveries.forget(&server);
    engine.servers.stop(&server).await?;
    let status = engine.servers.start(ready.start).await?;
    delivered(engine, server, ready.account, digest).await;
    Ok(status)
}

/// Gives a server that runs its new tokens: by its files alone, where nothing else has changed; or by another instance that takes its
/// place, so that no call fails. The caller has the server's turn.
pub(crate) async fn renew(engine: &Engine, ready: Ready) -> Result<(), InstallError> {
    let (server, digest) = (ready.start.server().clone(), digest(&ready.start));
    let is_as_before =
        engine.deliveries.was_started_with(&server, digest) && engine.servers.can_be_called(&server);
    match ready.start {
        Start::Process(launch) if is_as_before => {
            // Before the files: what the server says of its new token is hidden from the first word on.
            engine.servers.learn(&server, &launch.secrets);
            engine.servers.rewrite_files(&server, launch.files).await?;
        }
        start => drop(engine.servers.replace(start).await?),
    }
    delivered(engine, server, ready.account, digest).await;
    Ok(())
}

async fn delivered(engine: &Engine, server: ServerName, account: Option<Account>, start: StartDigest) {
    let Some(account) = account else { return };
    let Account { generation, good_until, .. } = account;
    engine.deliveries.note(&server, Delivered { generation, good_until, start });
    note_delivery(engine, server, account).await;
}

/// Of all that a server is started with, beside what its files say.
fn digest(start: &Start) -> StartDigest {
    let mut texts: Vec<&str> = Vec::new();
    match start {
        Start::Process(launch) => {
            texts.push(&launch.program);
            texts.extend(launch.args.iter().map(String::as_str));
            texts.extend(pairs(&launch.environment));
            texts.extend(launch.files.iter().flat_map(|file| file.names.iter().map(String::as_str)));
        }
        Start::Remote(launch) => {
            texts.push(launch.endpoint.as_str());
            texts.extend(pairs(&launch.headers));
        }
    }
    let digest = texts.into_iter().fold(Sha256::new(), |digest, text| {
        digest.chain_update((text.len() as u64).to_le_bytes()).chain_update(text)
    });
    StartDigest(digest.finalize().into())
}

/// Names and values, by name.
fn pairs(named: &[(String, SecretText)]) -> impl Iterator<Item = &str> {
    let mut sorted: Vec<_> = named.iter().collect();
    sorted.sort_by_key(|(name, _)| name);
    sorted.into_iter().flat_map(|(name, value)| [name.as_str(), value.expose_secret()])
}

/// Logs who got the token. A log that can't be written, on a full disk perhaps, does not keep the person's servers from running.
async fn note_delivery(engine: &Engine, server: ServerName, account: Account) {
    let Account { connection, provider, .. } = account;
    let event = Event::Delivered { server };
    if let Err(error) = engine.vault.note(&connection, &provider, event, engine.clock.now()).await {
        tracing::error!(%connection, %error, hint = error.hint(), "a delivery could not be logged");
    }
}

fn launch_of(
    record: &ServerRecord,
    what: What,
    settings: &Settings,
    own: &Path,
) -> Result<Launch, InstallError> {
    let (program, args, env, place) = match what {
        What::Elsewhere { .. } => (String::new(), Vec::new(), Vec::new(), Place::Process),
        What::Command(spec) => (spec.command, spec.args, spec.env, Place::Process),
        What::Contained(contained, mounts) => {
            let inside =
                Inside { image: contained.image, mounts, network: record.network, cache: own.join("cache") };
            let program = contained.command.unwrap_or_default();
            (program, contained.args, contained.env, Place::Container(Box::new(inside)))
        }
    };
    let variable = |(name, text): &(String, LaunchText)| secret_text(text).map(|value| (name.clone(), value));
    let environment: Result<Vec<_>, InstallError> = env.iter().map(variable).collect();
    Ok(Launch {
        server: record.name.clone(),
        program,
        args: args.iter().map(|arg| arg.expose_text().to_owned()).collect(),
        environment: environment?,
        secrets: settings.secrets().cloned().collect(),
        working_directory: record.folder.clone().unwrap_or_else(|| own.to_owned()),
        files: Vec::new(),
        home: own.join("home"),
        place,
    })
}

/// The variables of a server that lives in a home of its own. Package runners still find what they downloaded into the person's.
fn around(home: &Path, person: Option<&str>) -> Vec<(String, SecretText)> {
    let caches = [("npm_config_cache", ".npm"), ("UV_CACHE_DIR", ".cache/uv")];
    let kept = person
        .into_iter()
        .flat_map(|person| caches.map(|(name, below)| (name, Path::new(person).join(below))));
    let variables = std::iter::once(("HOME", home.to_owned())).chain(kept);
    let text = |(name, path): (&str, PathBuf)| Some((name.to_owned(), SecretText::new(path.to_str()?).ok()?));
    variables.filter_map(text).collect()
}
