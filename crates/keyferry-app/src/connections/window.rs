//! Connections that are made in a window: what may be signed in to so, and how its tokens are kept.

use std::sync::Arc;

use keyferry_core::{
    fact::Facts,
    flow::Tokens,
    id::{ClientId, ConnectionId},
    provider::{ProviderFile, check_config},
    scope::Scopes,
};

use super::{ConnectionError, Connections, SignInRequest, sign_in::config_hint};
use crate::vault::{ConnectionKind, ConnectionRecord, ConnectionState};

/// The client of a connection that knows no client.
const NO_CLIENT: &str = "browser-auth";

/// A sign-in in a window that has nothing against it.
#[derive(Debug)]
pub struct WindowSignIn {
    /// The provider file that it ends by, whatever becomes of the provider meanwhile.
    pub file: Arc<ProviderFile>,
    /// The connection that it makes or renews.
    pub connection: ConnectionId,
    /// Whether the connection is there already.
    pub renews: bool,
    config: Facts,
}

impl Connections {
    /// Checks a sign-in in a window. Nothing is opened.
    ///
    /// # Errors
    /// [`ConnectionError`] when the provider is unknown or signs in with OAuth, a value is missing or wrong, or the connection to renew is
    /// unknown, another provider's, or about to be revoked.
    pub async fn prepare_window(&self, request: SignInRequest<'_>) -> Result<WindowSignIn, ConnectionError> {
        let SignInRequest { provider, renewed, config: given, .. } = request;
        let inner = &self.0;
        let file = inner.file(provider)?;
        if file.browser().is_none() {
            return Err(ConnectionError::NotInWindow(provider.clone()));
        }
        let mut given = given.clone();
        if let Some(id) = &renewed {
            for (name, text) in inner.renewable(id, provider).await?.config.iter() {
                given.entry(name.clone()).or_insert_with(|| text.expose_secret().to_owned());
            }
            given.retain(|name, _| file.config.contains_key(name));
        }
        let config = check_config(&file.config, &given).map_err(|error| ConnectionError::Config {
            hint: config_hint(&file, &error),
            provider: provider.clone(),
            error,
        })?;
        let (renews, new) = (renewed.is_some(), || ConnectionId::from_entropy(inner.entropy.bytes()));
        Ok(WindowSignIn { file, connection: renewed.unwrap_or_else(new), renews, config })
    }

    /// Keeps the tokens that a window brought, in a task of its own: who waits for them may go away. Durable when this returns.
    ///
    /// # Errors
    /// [`ConnectionError`].
    pub async fn keep_window(
        &self,
        sign_in: WindowSignIn,
        tokens: Tokens,
    ) -> Result<ConnectionId, ConnectionError> {
        let connections = self.clone();
        let kept = self.0.tasks.spawn(async move { connections.keep(sign_in, tokens).await });
        kept.await.map_err(|_| ConnectionError::Closing)?
    }

    async fn keep(&self, sign_in: WindowSignIn, tokens: Tokens) -> Result<ConnectionId, ConnectionError> {
        let (inner, WindowSignIn { file, connection, renews, config }) = (&self.0, sign_in);
        let login = file.browser().map(|browser| browser.login_url.as_str().to_owned());
        let unusable = |_| ConnectionError::NotInWindow(file.name.clone());
        let record = ConnectionRecord {
            id: connection,
            kind: ConnectionKind::Browser,
            account: None,
            label: None,
            previous: None,
            failure: None,
            state: ConnectionState::Active,
            created_at: inner.now(),
            refreshed_at: None,
            generation: 0,
            provider: file.name.clone(),
            client_id: NO_CLIENT.parse::<ClientId>().map_err(unusable)?,
            token_endpoint: login.unwrap_or_default(),
            redirect_uri: None,
            asked: Scopes::none(),
            config,
            tokens,
        };
        let saved = if renews {
            inner.renew(record).await?
        } else {
            inner.vault.add_connection(&record).await?;
            tracing::info!(connection = %record.id, provider = %record.provider, "connected");
            record
        };
        let id = saved.id.clone();
        inner.news.tell(&id);
        inner.name_account(&file, saved).await;
        Ok(id)
    }
}
