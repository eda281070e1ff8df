//! What an install will do, decided before anything is done.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use keyferry_core::{
    id::{ConnectionId, FactName, ManifestName, ProviderName, ServerName},
    manifest::{Manifest, OauthSignIn, Server},
    scope::Scopes,
};
use serde_json::Value;

use super::{InstallError, connect, launch, place};
use crate::{
    api::dto::{AuthMethod, InstallRequest, ManifestChoice, WindowChoice},
    browser, catalog,
    connections::ConnectionError,
    engine::Engine,
    providers,
    runtime::{Network, RuntimeKind},
    vault::{ConnectionState, ServerRecord},
};

/// An install that has nothing against it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) server: ServerName,
    /// The exact command, made safe to show.
    pub(super) command: String,
    pub(super) account: Account,
    /// What will run it.
    pub(super) runtime: RuntimeKind,
    network: Network,
    pub(super) open_browser: bool,
    /// What the person said to a window.
    pub(super) window: WindowChoice,
    /// What the provider asks of the person.
    pub(super) config: BTreeMap<FactName, String>,
    /// What the server needs beside the provider file's own scopes.
    pub(super) scopes: Scopes,
    text: String,
    folder: Option<PathBuf>,
    settings: BTreeMap<String, Value>,
}

/// Where the account comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// The server needs none.
    None,
    /// The person has allowed it before.
    Existing(ConnectionId),
    /// The person is asked.
    SignIn(ProviderName),
    /// The person has allowed it before, but not all that this server needs, or the provider honours it no more: they are asked again.
    Renewed(ConnectionId, ProviderName),
}

impl Plan {
    /// Checks a request. Nothing is created, sent or started.
    pub(super) async fn make(engine: &Engine, request: InstallRequest) -> Result<Self, InstallError> {
        let (manifest, text, folder) = find(engine, &request.manifest)?;
        for provider in
            manifest.sign_in.oauth.provider().into_iter().chain(&manifest.sign_in.browser_provider())
        {
            providers::find(engine, provider).await;
        }
        if let Some(problem) = catalog::not_installable(&manifest, &engine.providers.now()) {
            return Err(InstallError::Unusable(problem));
        }
        let server = ServerName::from_manifest(&manifest.name);
        if engine.vault.server(&server).await?.is_some() {
            return Err(InstallError::AlreadyInstalled(server));
        }
        let runtime = match &manifest.server {
            Server::Local(local) => place::runtime(engine, local, request.runtime.map(Into::into)).await?,
            Server::Remote(_) => RuntimeKind::Process,
        };
        let prepared = launch::prepare(engine, &manifest, folder.as_deref(), &request.settings, runtime)
            .map_err(|error| config_meant(engine, &manifest, error))?;
        let command = prepared.shown();
        let network = request.network.map(Into::into).unwrap_or_default();
        let config = config(&request)?;
        let account = account(engine, &manifest, &request, &config).await?;
        agreed(engine, &account, request.window)?;
        let open_browser = request.open_browser && engine.settings.open_browser;
        let scopes = manifest.sign_in.oauth.scopes();
        let settings = request.settings;
        Ok(Self {
            server,
            command,
            account,
            runtime,
            network,
            open_browser,
            window: request.window,
            config,
            scopes,
            text,
            folder,
            settings,
        })
    }

    /// What the vault keeps of the server.
    pub(super) fn into_record(self, connection: Option<ConnectionId>, now: Timestamp) -> ServerRecord {
        ServerRecord {
            name: self.server,
            manifest: self.text,
            folder: self.folder,
            settings: self.settings,
            connection,
            runtime: self.runtime,
            network: self.network,
            wanted: true,
            installed_at: now,
        }
    }
}

/// A setting that the server does not have may be what its provider asks for.
fn config_meant(engine: &Engine, manifest: &Manifest, error: InstallError) -> InstallError {
    let file = manifest.sign_in.oauth.provider().and_then(|provider| engine.providers.get(provider));
    let Some(file) = file else { return error };
    let InstallError::BadSettings(mut problems) = error else { return error };
    for problem in &mut problems {
        let asked = file.config.keys().any(|name| name.as_str() == problem.key);
        if asked && manifest.user_config.get(&problem.key).is_none() {
            problem.hint = format!(
                "{} asks for it before the sign-in: --config {}=VALUE",
                file.display_name, problem.key
            );
        }
    }
    InstallError::BadSettings(problems)
}

fn config(request: &InstallRequest) -> Result<BTreeMap<FactName, String>, InstallError> {
    let entry = |(name, value): (&String, &String)| {
        let known = name.parse().map_err(|_| InstallError::UnknownConfig(name.chars().take(60).collect()));
        known.map(|name| (name, value.clone()))
    };
    request.config.iter().map(entry).collect()
}

/// The manifest that a choice means.
pub(super) fn manifest(engine: &Engine, choice: &ManifestChoice) -> Result<Manifest, InstallError> {
    find(engine, choice).map(|(manifest, ..)| manifest)
}

type Found = (Manifest, String, Option<PathBuf>);

fn find(engine: &Engine, choice: &ManifestChoice) -> Result<Found, InstallError> {
    match choice {
        ManifestChoice::Named(name) => {
            let offer = engine.catalog.now();
            let entry = name.parse::<ManifestName>().ok().and_then(|name| offer.get(&name));
            let entry = entry.ok_or_else(|| InstallError::UnknownManifest {
                name: name.chars().take(60).collect(),
                nearest: offer.nearest(name).map(str::to_owned),
            })?;
            Ok((entry.manifest.clone(), entry.text.clone(), entry.folder.clone()))
        }
        ManifestChoice::Inline { manifest, folder } => {
            if folder.as_ref().is_some_and(|folder| !folder.is_absolute()) {
                return Err(InstallError::BadFolder);
            }
            let text = manifest.to_string();
            let checked = Manifest::parse("manifest", &text)
                .map_err(|findings| InstallError::Unusable(catalog::unusable("manifest", &findings)))?;
            Ok((checked.manifest, text, folder.clone()))
        }
    }
}

/// The account that a manifest needs, or that the person wants it to have. A sign-in that is not required is made when it is asked
/// for.
async fn account(
    engine: &Engine,
    manifest: &Manifest,
    request: &InstallRequest,
    config: &BTreeMap<FactName, String>,
) -> Result<Account, InstallError> {
    let oauth = &manifest.sign_in.oauth;
    let provider = match oauth {
        OauthSignIn::Provider { provider, .. } => Some(provider),
        OauthSignIn::None | OauthSignIn::Discovery => None,
    };
    let in_window = manifest.sign_in.browser_provider();
    if let Some(connection) = &request.connection {
        let offered: Vec<_> = provider.into_iter().chain(&in_window).collect();
        return existing(engine, connection, &offered, &oauth.scopes()).await;
    }
    let left_behind = async |provider: &ProviderName, scopes: &Scopes| {
        connect::left_behind(engine, provider, config, scopes).await
    };
    let knows = |provider: &ProviderName| engine.providers.get(provider).is_some();
    // Two ways to the same account: where one can't be gone, the other is.
    let by_oauth = provider.is_some_and(knows) || in_window.is_none();
    match (request.auth, provider, &in_window) {
        (Some(AuthMethod::Browser), _, Some(provider)) => known_window(engine, provider),
        (Some(AuthMethod::Oauth), Some(provider), _) => known(engine, oauth, provider),
        (Some(_), ..) => Err(InstallError::NotOffered),
        (None, Some(provider), _) if oauth.is_required() && by_oauth => {
            match left_behind(provider, &oauth.scopes()).await? {
                Some(connection) => Ok(Account::Existing(connection)),
                None => known(engine, oauth, provider),
            }
        }
        // Required; or the only way that the manifest knows.
        (None, other, Some(provider))
            if manifest.sign_in.requires_browser() || oauth.is_required() || other.is_none() =>
        {
            match left_behind(provider, &Scopes::none()).await? {
                Some(connection) => Ok(Account::Existing(connection)),
                None => known_window(engine, provider),
            }
        }
        (None, ..) => Ok(Account::None),
    }
}

/// Refuses a window that the person has not agreed to, before anything is done.
fn agreed(engine: &Engine, account: &Account, window: WindowChoice) -> Result<(), InstallError> {
    let Account::SignIn(provider) = account else { return Ok(()) };
    let told = engine.providers.get(provider).map(|file| browser::told(&file, false)).unwrap_or_default();
    if told.is_empty() || window.agreed { Ok(()) } else { Err(ConnectionError::NotAgreed(told).into()) }
}

fn known_window(engine: &Engine, provider: &ProviderName) -> Result<Account, InstallError> {
    match engine.providers.get(provider) {
        Some(file) if file.browser().is_some() => Ok(Account::SignIn(provider.clone())),
        Some(_) => Err(ConnectionError::NotInWindow(provider.clone()).into()),
        None => Err(InstallError::Unusable(catalog::unknown_window(provider, &engine.providers.now()))),
    }
}

fn known(engine: &Engine, oauth: &OauthSignIn, provider: &ProviderName) -> Result<Account, InstallError> {
    match engine.providers.get(provider) {
        Some(_) => Ok(Account::SignIn(provider.clone())),
        None => Err(InstallError::Unusable(catalog::unknown_provider(oauth, &engine.providers.now()))),
    }
}

async fn existing(
    engine: &Engine,
    given: &str,
    offered: &[&ProviderName],
    scopes: &Scopes,
) -> Result<Account, InstallError> {
    let first = *offered.first().ok_or(InstallError::NoUseForConnection)?;
    let unknown = || InstallError::UnknownConnection(given.chars().take(60).collect());
    let id: ConnectionId = given.parse().map_err(|_| unknown())?;
    let record = engine.vault.connection(&id).await?.ok_or_else(unknown)?;
    let needed = offered.iter().find(|name| ***name == record.provider).copied();
    let Some(needed) = needed else {
        return Err(InstallError::OtherProvider {
            connection: id,
            found: record.provider,
            needed: first.clone(),
        });
    };
    let file = engine.providers.get(needed);
    let is_enough = file.is_none_or(|file| engine.connections.is_of(&record, &file, scopes));
    match record.state {
        ConnectionState::Active if is_enough => Ok(Account::Existing(id)),
        ConnectionState::Active | ConnectionState::NeedsSignIn => Ok(Account::Renewed(id, needed.clone())),
        ConnectionState::RevocationPending => Err(ConnectionError::Ending((&record).into()).into()),
    }
}
