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
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::{
    InstallError, connect,
    delivery::{Delivered, Start},
    paths, place,
};
use crate::{
    api::dto::Problem,
    catalog,
    engine::Engine,
    runtime::{Inside, Launch, Mount, Place, RuntimeKind, ServerStatus, make_private},
    vault::{Event, ServerRecord},
};

/// What a manifest and settings make on this machine.
#[derive(Debug)]
pub(super) struct Prepared {
    what: What,
    settings: Settings,
}

/// A command, or what a container runs and is shown.
#[derive(Debug)]
enum What {
    Command(LaunchSpec),
    Contained(Contained, Vec<Mount>),
}

impl Prepared {
    /// The exact command, made safe to show.
    pub(super) fn command(&self) -> String {
        match &self.what {
            What::Command(spec) => display_command(spec),
            What::Contained(contained, _) => display_contained(contained),
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
    let Server::Local(local) = &manifest.server else {
        let problem = Problem::new("remote_unsupported", format!("{} runs elsewhere", manifest.name));
        return Err(InstallError::Unusable(problem));
    };
    let settings = Settings::validate(&manifest.user_config, given).map_err(InstallError::BadSettings)?;
    paths::check(&manifest.user_config, given)?;
    let what = match runtime {
        RuntimeKind::Process => {
            let spec = local.launch(&settings, &engine.places.with_server_folder(folder));
            What::Command(spec.map_err(|error| bad_launch(&error))?)
        }
        RuntimeKind::Container => {
            let (contained, own) = contained(engine, local, folder, &settings)?;
            let mut mounts = place::mounts(engine, manifest, given, &contained.shown)?;
            mounts.extend(own);
            What::Contained(contained, mounts)
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
    let prepared =
        prepare(engine, &checked.manifest, record.folder.as_deref(), &record.settings, record.runtime)?;
    let own_folder = engine.folder.server(&record.name);
    make_private(&engine.folder.servers()).and_then(|()| make_private(&own_folder)).map_err(|error| {
        let message = format!("{} can't be made: {error}", own_folder.display());
        InstallError::Step(
            Problem::new("data_folder_unusable", message).with_hint("look at the data folder's permissions"),
        )
    })?;
    let mut launch = launch_of(record, prepared, &own_folder)?;
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
    Ok(Ready { launch, account, delivered, shared })
}

impl Ready {
    /// The image that it needs, where it runs in a container.
    pub(super) fn image(&self) -> Option<&Image> {
        match &self.launch.place {
            Place::Process => None,
            Place::Container(inside) => Some(&inside.image),
        }
    }

    /// What of this machine is shown to it, where it runs in a container.
    pub(super) fn mounts(&self) -> &[Mount] {
        match &self.launch.place {
            Place::Process => &[],
            Place::Container(inside) => &inside.mounts,
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
        // Before the files: what the server says of its new token is hidden from the first word on.
        engine.servers.learn(&server, &ready.launch.secrets);
        engine.servers.rewrite_files(&server, ready.launch.files).await?;
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

/// What a server is started with, beside what its files say.
fn start_of(launch: &Launch) -> Start {
    let mut variables: Vec<_> =
        launch.environment.iter().map(|(name, value)| (name.as_str(), value)).collect();
    variables.sort_by_key(|(name, _)| *name);
    let texts = std::iter::once(launch.program.as_str()).chain(launch.args.iter().map(String::as_str));
    let variables = variables.iter().flat_map(|(name, value)| [*name, value.expose_secret()]);
    let files = launch.files.iter().flat_map(|file| file.names.iter().map(String::as_str));
    let digest = texts.chain(variables).chain(files).fold(Sha256::new(), |digest, text| {
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

fn launch_of(record: &ServerRecord, prepared: Prepared, own: &Path) -> Result<Launch, InstallError> {
    let Prepared { what, settings } = prepared;
    let (program, args, env, place) = match what {
        What::Command(spec) => (spec.command, spec.args, spec.env, Place::Process),
        What::Contained(contained, mounts) => {
            let inside =
                Inside { image: contained.image, mounts, network: record.network, cache: own.join("cache") };
            let program = contained.command.unwrap_or_default();
            (program, contained.args, contained.env, Place::Container(Box::new(inside)))
        }
    };
    let secret = |text: &LaunchText| {
        SecretText::new(text.expose_text()).map_err(|error| {
            InstallError::Unusable(Problem::new("bad_launch", format!("a variable can't be passed: {error}")))
        })
    };
    let variable = |(name, text): &(String, LaunchText)| secret(text).map(|value| (name.clone(), value));
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
