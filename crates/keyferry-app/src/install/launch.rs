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

use jiff::Timestamp;
use keyferry_core::{
    id::{ConnectionId, ProviderName, ServerName},
    manifest::{LaunchSpec, LaunchText, Manifest, Server, Settings},
    secret::SecretText,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    InstallError, connect,
    delivery::{Delivered, Start},
    files, paths,
};
use crate::{
    api::dto::Problem,
    catalog,
    engine::Engine,
    runtime::{Launch, ServerStatus},
    vault::{Event, ServerRecord},
};

/// What a manifest and settings make on this machine.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) spec: LaunchSpec,
    settings: Settings,
}

/// Fills a manifest with settings. Looks at the paths they name, and starts nothing.
pub(super) fn prepare(
    engine: &Engine,
    manifest: &Manifest,
    folder: Option<&Path>,
    given: &BTreeMap<String, Value>,
) -> Result<Prepared, InstallError> {
    let Server::Local(local) = &manifest.server else {
        let problem = Problem::new("remote_unsupported", format!("{} runs elsewhere", manifest.name));
        return Err(InstallError::Unusable(problem));
    };
    let settings = Settings::validate(&manifest.user_config, given).map_err(InstallError::BadSettings)?;
    paths::check(&manifest.user_config, given)?;
    let spec = local.launch(&settings, &engine.places.with_server_folder(folder)).map_err(|error| {
        InstallError::Unusable(Problem::new("bad_launch", error.to_string()).with_hint(error.hint()))
    })?;
    Ok(Prepared { spec, settings })
}

/// A server about to be started.
#[derive(Debug)]
pub(crate) struct Ready {
    launch: Launch,
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
    let prepared = prepare(engine, &checked.manifest, record.folder.as_deref(), &record.settings)?;
    let own_folder = engine.folder.server(&record.name);
    make_private(&engine.folder.servers()).and_then(|()| make_private(&own_folder)).map_err(|error| {
        let message = format!("{} can't be made: {error}", own_folder.display());
        InstallError::Step(
            Problem::new("data_folder_unusable", message).with_hint("look at the data folder's permissions"),
        )
    })?;
    let mut launch =
        launch_of(&record.name, prepared, record.folder.clone().unwrap_or_else(|| own_folder.clone()))?;
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
    Ok(Ready { launch, account, delivered, shared })
}

/// Starts a server, in place of one of the same name that runs. The caller has the server's turn.
pub(crate) async fn start(engine: &Engine, ready: Ready) -> Result<ServerStatus, InstallError> {
    let (server, start) = (ready.launch.server.clone(), start_of(&ready.launch));
    engine.deliveries.forget(&server);
    engine.servers.stop(&server).await?;
    let status = engine.servers.start(ready.launch).await?;
    delivered(engine, server, ready.account, start).await;
    Ok(status)
}

/// Gives a server that runs its new tokens: by its files alone, where nothing else has changed; or by another instance that takes its
/// place, so that no call fails. The caller has the server's turn.
pub(crate) async fn renew(engine: &Engine, ready: Ready) -> Result<(), InstallError> {
    let (server, start) = (ready.launch.server.clone(), start_of(&ready.launch));
    if engine.deliveries.was_started_with(&server, start) && engine.servers.can_be_called(&server) {
        engine.servers.learn(&server, &ready.launch.secrets);
    } else {
        engine.servers.replace(ready.launch).await?;
    }
    delivered(engine, server, ready.account, start).await;
    Ok(())
}

async fn delivered(engine: &Engine, server: ServerName, account: Option<Account>, start: Start) {
    let Some(account) = account else { return };
    let Account { generation, good_until, .. } = account;
    engine.deliveries.note(&server, Delivered { generation, good_until, start });
    note_delivery(engine, server, account).await;
}

/// What a process is started with, beside files that it reads.
fn start_of(launch: &Launch) -> Start {
    let mut variables: Vec<_> =
        launch.environment.iter().map(|(name, value)| (name.as_str(), value)).collect();
    variables.sort_by_key(|(name, _)| *name);
    let texts = std::iter::once(launch.program.as_str()).chain(launch.args.iter().map(String::as_str));
    let variables = variables.iter().flat_map(|(name, value)| [*name, value.expose_secret()]);
    let digest = texts.chain(variables).fold(Sha256::new(), |digest, text| {
        digest.chain_update((text.len() as u64).to_le_bytes()).chain_update(text)
    });
    Start(digest.finalize().into())
}

/// Logs who got the token. A log that can't be written, on a full disk perhaps, does not keep the person's servers from running.
async fn note_delivery(engine: &Engine, server: ServerName, account: Account) {
    let Account { connection, provider, .. } = account;
    let event = Event::Delivered { server };
    if let Err(error) = engine.vault.note(&connection, &provider, event, engine.clock.now()).await {
        tracing::error!(%connection, %error, hint = error.hint(), "a delivery could not be logged");
    }
}

fn launch_of(server: &ServerName, prepared: Prepared, folder: PathBuf) -> Result<Launch, InstallError> {
    let Prepared { spec, settings } = prepared;
    let secret = |text: &LaunchText| {
        SecretText::new(text.expose_text()).map_err(|error| {
            InstallError::Unusable(Problem::new("bad_launch", format!("a variable can't be passed: {error}")))
        })
    };
    let variable = |(name, text): &(String, LaunchText)| secret(text).map(|value| (name.clone(), value));
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
