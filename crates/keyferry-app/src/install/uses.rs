//! Which servers use a connection, and what they need of it beside what its provider file asks for anyway.

use std::collections::HashMap;

use keyferry_core::{
    id::{ConnectionId, ServerName},
    manifest::Manifest,
    scope::Scopes,
};

use crate::{engine::Engine, vault::VaultError};

/// The uses of all connections, read at once.
#[derive(Debug, Default)]
pub(crate) struct Uses(HashMap<ConnectionId, Use>);

/// The use of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Use {
    /// Its servers, by name.
    pub(crate) servers: Vec<ServerName>,
    /// The scopes that their manifests name.
    pub(crate) scopes: Scopes,
}

impl Uses {
    /// Reads them. A server whose settings can't be read is a use all the same, and needs nothing.
    pub(crate) async fn read(engine: &Engine) -> Result<Self, VaultError> {
        let mut uses = Self::default();
        for head in engine.vault.server_heads().await? {
            if let Some(connection) = head.connection {
                uses.0.entry(connection).or_default().servers.push(head.name);
            }
        }
        for server in engine.vault.servers().await?.into_iter().flatten() {
            let needed = server.connection.as_ref().and_then(|id| uses.0.get_mut(id));
            let manifest = Manifest::parse(server.name.as_str(), &server.manifest);
            if let (Some(needed), Ok(checked)) = (needed, manifest) {
                needed.scopes = needed.scopes.with(&checked.manifest.sign_in.oauth.scopes());
            }
        }
        Ok(uses)
    }

    /// The use of a connection.
    pub(crate) fn of(&self, id: &ConnectionId) -> Use {
        self.0.get(id).cloned().unwrap_or_default()
    }
}
