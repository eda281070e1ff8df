//! The account of a server: found, asked for, delivered, given back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use keyferry_core::{
    delivery::{self, RenderedFile, Values},
    id::{ConnectionId, FactName, ProviderName, ServerName},
    provider::ProviderFile,
    scope::Scopes,
    secret::{AccessToken, SecretText},
};

use super::{
    InstallError, Uses,
    delivery::good_until,
    plan::{Account, Plan},
    progress::Progress,
};
use crate::{
    api::{
        ApiError,
        dto::{RevocationReport, RevocationResult, StepName},
    },
    connections::{ConnectionError, Revocation, SignInRequest},
    engine::Engine,
    providers,
    vault::ConnectionRecord,
};

/// The connection that the server will use: one that exists, or a new one once the person has allowed it.
pub(super) async fn connection(
    engine: &Engine,
    plan: &Plan,
    progress: &Progress,
) -> Result<Option<ConnectionId>, InstallError> {
    match &plan.account {
        Account::None => Ok(None),
        Account::Existing(id) => {
            progress.begin(StepName::Connection, format!("Using the connection {id}"));
            let fresh = engine.connections.fresh(id).await?;
            progress
                .note(format!("Using the connection {id} to {}", title(engine, &fresh.connection.provider)));
            Ok(Some(id.clone()))
        }
        Account::SignIn(provider) => {
            let title = title(engine, provider);
            let text = match engine.providers.get(provider) {
                Some(file) if file.browser().is_some() => format!("Signing in at {title}, in a window"),
                _ => format!("Asking {title} for access"),
            };
            progress.begin(StepName::SignIn, text);
            let request =
                SignInRequest { config: &plan.config, scopes: &plan.scopes, ..SignInRequest::new(provider) };
            sign_in(engine, plan, request, progress).await.map(Some)
        }
        Account::Renewed(id, provider) => {
            let title = title(engine, provider);
            let text =
                format!("Asking {title} for more access; what the connection {id} has stays until then");
            progress.begin(StepName::SignIn, text);
            let scopes = Uses::read(engine).await?.of(id).scopes.with(&plan.scopes);
            let request =
                SignInRequest { config: &plan.config, scopes: &scopes, ..SignInRequest::new(provider) };
            sign_in(engine, plan, request.renewing(id), progress).await.map(Some)
        }
    }
}

async fn sign_in(
    engine: &Engine,
    plan: &Plan,
    request: SignInRequest<'_>,
    progress: &Progress,
) -> Result<ConnectionId, InstallError> {
    let (title, provider) = (title(engine, request.provider), request.provider);
    if engine.providers.get(provider).is_some_and(|file| file.browser().is_some()) {
        return in_window(engine, plan, request, progress).await;
    }
    let sign_in = engine.connections.begin_sign_in(request).await?;
    if plan.open_browser {
        engine.opener.open_beside(sign_in.url());
    }
    progress.wait_for_person(sign_in.url().clone());
    let id = sign_in.wait().await?;
    let record = engine.connections.get(&id).await?;
    let missing = record.missing_scopes();
    let allowed = match missing.is_empty() {
        true => format!("{title} allows access; the tokens are sealed in the vault"),
        false => format!("{title} allows access, but not to {missing}; the tokens are sealed in the vault"),
    };
    let untold = engine.providers.get(provider).map(|file| untold(&file, &record)).unwrap_or_default();
    progress.note(if untold.is_empty() {
        allowed
    } else {
        format!(
            "{allowed}. It did not tell {}: what needs it is left out, and the app's log says more",
            untold.join(", ")
        )
    });
    Ok(id)
}

/// The same for a service without OAuth.
async fn in_window(
    engine: &Engine,
    plan: &Plan,
    request: SignInRequest<'_>,
    progress: &Progress,
) -> Result<ConnectionId, InstallError> {
    let title = title(engine, request.provider);
    let sign_in = engine.windows.prepare(request, plan.window).await?;
    let window = engine.windows.open(sign_in, plan.window)?;
    progress.wait_in_window(&window.state().borrow());
    let id = window.wait(|state| progress.wait_in_window(state)).await?;
    progress.note(format!("Signed in to {title}; its session token is sealed in the vault"));
    Ok(id)
}

/// What the provider file wants to know of the account, and the service did not tell. It stops nothing.
fn untold(file: &ProviderFile, record: &ConnectionRecord) -> Vec<String> {
    let account = file.account.as_ref();
    let label = account.and_then(|account| account.label.as_ref()).filter(|_| record.account.is_none());
    let mut wanted: Vec<_> =
        account.iter().flat_map(|account| &account.metadata).map(|(name, _)| name).collect();
    if let Some(oauth) = file.oauth() {
        wanted.extend(&oauth.callback.metadata);
        wanted.extend(oauth.token.response.metadata.iter().map(|(name, _)| name));
    }
    wanted.retain(|name| record.tokens.metadata.get(name).is_none());
    let facts = wanted.into_iter().map(|name| format!("{{metadata.{name}}}"));
    label.map(|_| "the account's name".to_owned()).into_iter().chain(facts).collect()
}

fn title(engine: &Engine, provider: &ProviderName) -> String {
    engine.providers.get(provider).map_or_else(|| provider.to_string(), |file| file.display_name.clone())
}

/// What a connection gives to a server.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) environment: Vec<(String, SecretText)>,
    /// For a server that takes it with each request.
    pub(super) access_token: AccessToken,
    pub(super) secrets: Vec<SecretText>,
    pub(super) files: Vec<RenderedFile>,
    /// What of these holds the refresh token.
    pub(super) shared: Vec<String>,
    /// Whose they are.
    pub(super) provider: ProviderName,
    /// Which tokens these are: the number grows when they are replaced.
    pub(super) generation: u64,
    /// Until when they can be used.
    pub(super) good_until: Option<Timestamp>,
}

/// The provider file's variables, filled with a good access token. A refresh token is among them only where the file names it.
pub(super) async fn delivery(engine: &Engine, id: &ConnectionId) -> Result<Delivery, InstallError> {
    let provider = engine.connections.provider_of(id).await?;
    // One that only the proxy knows may not have been heard of yet. Looked for first, for a refresh needs it too.
    providers::find(engine, &provider).await;
    let record = engine.connections.fresh(id).await?.connection;
    let file = engine.providers.get(&record.provider);
    let file = &*file.ok_or_else(|| ConnectionError::UnknownProvider(record.provider.clone()))?;
    let values = Values {
        tokens: Some(&record.tokens),
        account: record.account.as_deref(),
        client_id: Some(&record.client_id),
        config: Some(&record.config),
        metadata: None,
    };
    let environment = delivery::environment(file, &values);
    let files = delivery::files(file, &values).map_err(|(index, error)| {
        let path = file.files.get(index).map(|file| file.path.to_string()).unwrap_or_default();
        InstallError::Undeliverable { path, error }
    })?;
    let mut shared = delivery::with_refresh_token(file);
    if record.tokens.refresh_token.is_none() {
        shared.clear();
    }
    Ok(Delivery {
        shared,
        files,
        environment: environment.into_iter().map(|(name, value)| (name.to_string(), value)).collect(),
        access_token: record.tokens.access_token.clone(),
        secrets: record.tokens.secrets(),
        good_until: good_until(record.received_at(), record.tokens.expires_at),
        provider: record.provider,
        generation: record.generation,
    })
}

/// A connection that an earlier try of an install left behind: it can be used, was asked for all these scopes, and serves nobody.
pub(super) async fn left_behind(
    engine: &Engine,
    provider: &ProviderName,
    config: &BTreeMap<FactName, String>,
    scopes: &Scopes,
) -> Result<Option<ConnectionId>, InstallError> {
    let Some(file) = engine.providers.get(provider) else { return Ok(None) };
    for record in engine.connections.list().await?.readable.into_iter().rev() {
        let fits = &record.provider == provider
            && record.state == crate::vault::ConnectionState::Active
            && engine.connections.is_of(&record, &file, scopes)
            && config
                .iter()
                .all(|(name, text)| record.config.get(name).is_some_and(|kept| kept.expose_secret() == text));
        if fits && engine.vault.servers_of(&record.id).await?.is_empty() {
            return Ok(Some(record.id));
        }
    }
    Ok(None)
}

/// Ends a connection, and says what became of it.
pub(crate) async fn revoke(engine: &Engine, id: &ConnectionId) -> Result<RevocationReport, ApiError> {
    let provider = engine.connections.provider_of(id).await?;
    let title = title(engine, &provider);
    if let Err(error) = engine.windows.profiles().forget(&provider, id) {
        tracing::error!(%error, "a browser's profile could not be removed");
    }
    let (result, text) = match engine.connections.revoke(id).await? {
        Revocation::Revoked => (RevocationResult::Revoked, format!("{title} has ended the access")),
        Revocation::Unsupported => (
            RevocationResult::NotSupported,
            format!(
                "the tokens are gone here; {title} has no way to end the access, so end it on its own page"
            ),
        ),
        Revocation::Unreadable => (
            RevocationResult::Unreadable,
            format!(
                "the tokens could not be read here and are gone; {title} was not told, so end the access on its own page"
            ),
        ),
        Revocation::Pending => (
            RevocationResult::Pending,
            format!(
                "{title} could not be told; the tokens are out of use here, and the app tries again by itself"
            ),
        ),
    };
    Ok(report(id, &provider, result, text))
}

/// A connection that stays, because others use it.
pub(super) async fn in_use(
    engine: &Engine,
    id: &ConnectionId,
    others: &[ServerName],
) -> Result<RevocationReport, ApiError> {
    let provider = engine.connections.provider_of(id).await?;
    let names: Vec<_> = others.iter().map(ServerName::as_str).collect();
    Ok(report(id, &provider, RevocationResult::InUse, format!("it stays, for {} uses it", names.join(", "))))
}

fn report(
    id: &ConnectionId,
    provider: &ProviderName,
    result: RevocationResult,
    text: String,
) -> RevocationReport {
    RevocationReport { connection: id.to_string(), provider: provider.to_string(), result, text }
}
