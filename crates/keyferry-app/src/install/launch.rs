//! From an installed server to what is started: its manifest, its settings, its connection's access token.
//!
//! A server works in the folder that its manifest came with, for there its own files are; one of the built-in catalog, which has
//! none, works in an empty folder of its own in the data folder. Its `HOME` stays the person's: package runners such as `npx` and
//! `uvx` keep their downloads there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use keyferry_core::{
    id::{ConnectionId, ProviderName, ServerName},
    manifest::{LaunchSpec, LaunchText, Manifest, Server, Settings, display_command},
    secret::SecretText,
    url::Endpoint,
};
use serde_json::Value;

use super::{InstallError, connect, files, paths};
use crate::{
    api::dto::Problem,
    catalog,
    engine::Engine,
    runtime::{Launch, RemoteLaunch, ServerStatus, Start},
    vault::{Event, ServerRecord},
};

/// What a manifest and settings make on this machine.
#[derive(Debug)]
pub(super) struct Prepared {
    spec: Spec,
    settings: Settings,
}

/// What is started, or what is called elsewhere.
#[derive(Debug)]
enum Spec {
    Local(LaunchSpec),
    Remote { endpoint: Endpoint, headers: Vec<(String, LaunchText)> },
}

impl Prepared {
    /// What a person is shown before anything of it runs.
    pub(super) fn shown(&self) -> String {
        match &self.spec {
            Spec::Local(spec) => display_command(spec),
            // A value of the person's in it is percent-encoded, so that it shows no other host than it has.
            Spec::Remote { endpoint, .. } => endpoint.as_str().to_owned(),
        }
    }
}

/// Fills a manifest with settings. Looks at the paths they name, and starts nothing.
pub(super) fn prepare(
    engine: &Engine,
    manifest: &Manifest,
    folder: Option<&Path>,
    given: &BTreeMap<String, Value>,
) -> Result<Prepared, InstallError> {
    let settings = Settings::validate(&manifest.user_config, given).map_err(InstallError::BadSettings)?;
    paths::check(&manifest.user_config, given)?;
    let places = engine.places.with_server_folder(folder);
    let spec = match &manifest.server {
        Server::Local(local) => local.launch(&settings, &places).map(Spec::Local),
        Server::Remote(remote) => remote
            .endpoint(&settings, &places)
            .and_then(|endpoint| Ok(Spec::Remote { endpoint, headers: remote.headers(&settings, &places)? })),
    };
    let spec = spec.map_err(|error| {
        InstallError::Unusable(Problem::new("bad_launch", error.to_string()).with_hint(error.hint()))
    })?;
    Ok(Prepared { spec, settings })
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
}

/// Makes a server ready: fills its manifest, and fetches an access token that is good.
pub(crate) async fn ready(engine: &Engine, record: &ServerRecord) -> Result<Ready, InstallError> {
    let origin = format!("the manifest of {}", record.name);
    let checked = Manifest::parse(&origin, &record.manifest)
        .map_err(|findings| InstallError::Unusable(catalog::unusable(&origin, &findings)))?;
    if checked.manifest.sign_in.oauth.is_required() && record.connection.is_none() {
        return Err(InstallError::NoConnection(record.name.clone()));
    }
    let prepared = prepare(engine, &checked.manifest, record.folder.as_deref(), &record.settings)?;
    let Prepared { spec, settings } = prepared;
    let spec = match spec {
        Spec::Local(spec) => spec,
        Spec::Remote { endpoint, headers } => {
            return remote(engine, record, endpoint, headers, settings).await;
        }
    };
    let own_folder = engine.folder.server(&record.name);
    make_private(&engine.folder.servers()).and_then(|()| make_private(&own_folder)).map_err(|error| {
        let message = format!("{} can't be made: {error}", own_folder.display());
        InstallError::Step(
            Problem::new("data_folder_unusable", message).with_hint("look at the data folder's permissions"),
        )
    })?;
    let mut launch = launch_of(
        &record.name,
        spec,
        &settings,
        record.folder.clone().unwrap_or_else(|| own_folder.clone()),
    )?;
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
        });
        delivered.extend(delivery.environment.iter().map(|(name, _)| name.clone()));
        launch.environment.extend(delivery.environment);
        shared = delivery.shared;
        launch.secrets.extend(delivery.secrets);
        if !delivery.files.is_empty() {
            delivered.extend(delivery.files.iter().map(|file| format!("~/{}", file.names.join("/"))));
            let home = files::write(&own_folder, &delivery.files).map_err(|error| {
                let problem =
                    Problem::new("file_delivery", format!("a credential file can't be written: {error}"));
                InstallError::Step(
                    problem.with_hint("look at the permissions and the free space of the data folder"),
                )
            })?;
            launch.environment.extend(around(&home, engine.places.home()));
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

/// Starts a server, in place of one of the same name that runs. The caller has the server's turn.
pub(crate) async fn start(engine: &Engine, ready: Ready) -> Result<ServerStatus, InstallError> {
    let server = ready.start.server().clone();
    engine.deliveries.forget(&server);
    engine.servers.stop(&server).await?;
    let status = engine.servers.start(ready.start).await?;
    if let Some(account) = ready.account {
        engine.deliveries.note(&server, account.generation);
        note_delivery(engine, server, account).await;
    }
    Ok(status)
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
    server: &ServerName,
    spec: LaunchSpec,
    settings: &Settings,
    folder: PathBuf,
) -> Result<Launch, InstallError> {
    let variable = |(name, text): &(String, LaunchText)| secret_text(text).map(|value| (name.clone(), value));
    let environment: Result<Vec<_>, InstallError> = spec.env.iter().map(variable).collect();
    Ok(Launch {
        server: server.clone(),
        program: spec.command,
        args: spec.args.iter().map(|arg| arg.expose_text().to_owned()).collect(),
        environment: environment?,
        secrets: settings.secrets().cloned().collect(),
        working_directory: folder,
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

/// Makes a folder that only its owner may enter; one that is there must be a folder and no link.
pub(super) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            match fs::symlink_metadata(folder)?.is_dir() {
                true => Ok(()),
                false => Err(io::Error::other("something else stands there")),
            }
        }
        made => made,
    }
}
