//! `keyferry sandbox serve`: a sandbox that stays until it is told to stop.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
};

use keyferry_core::id::ProviderName;
use serde_json::{Value, json};

use crate::{
    client::RedirectRule,
    config::SandboxConfig,
    sandbox::{Credentials, Sandbox},
    secret::SandboxSecret,
};

/// Where the sandbox listens unless told otherwise; the shipped provider file points here.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7668);

/// A sandbox that was started for a person at a terminal.
#[derive(Debug)]
pub struct Serving {
    sandbox: Sandbox,
    provider: ProviderName,
}

/// What that person needs to know, for the binary to print.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Announcement {
    /// The provider in whose place it stands.
    pub provider: ProviderName,
    /// Where the sandbox listens.
    pub base_url: String,
    /// The registered client.
    pub credentials: Credentials,
    /// The key of the fault switches.
    pub control_key: SandboxSecret,
}

/// Starts the sandbox in the place of a provider: it sends people back to that provider's callback. A fresh client secret is made when
/// none is given.
///
/// # Errors
/// Those of [`Sandbox::start`].
pub async fn serve(
    listen: SocketAddr,
    client_secret: Option<SandboxSecret>,
    provider: ProviderName,
) -> io::Result<Serving> {
    let redirect_uris = vec![RedirectRule::Loopback { path: format!("/oauth/callback/{provider}") }];
    let config = SandboxConfig { listen, client_secret, redirect_uris, ..SandboxConfig::default() };
    Ok(Serving { sandbox: Sandbox::start(config).await?, provider })
}

// === impl Serving ===

impl Serving {
    /// What to print before waiting.
    #[must_use]
    pub fn announcement(&self) -> Announcement {
        Announcement {
            provider: self.provider.clone(),
            base_url: self.sandbox.base_url().to_owned(),
            credentials: self.sandbox.credentials(),
            control_key: self.sandbox.control_key().clone(),
        }
    }

    /// Serves until `stop` is done, then shuts down in good order.
    pub async fn until(self, stop: impl Future<Output = ()>) {
        stop.await;
        self.sandbox.shutdown().await;
    }
}

// === impl Announcement ===

impl Announcement {
    /// The text for the terminal. It shows the secrets: the person who started the sandbox is their owner.
    #[must_use]
    pub fn expose_text(&self) -> String {
        let prefix = self.provider.env_prefix();
        format!(
            "The sandbox provider listens on {}\n\
             For the proxy's .env:\n  {prefix}_CLIENT_ID={}\n  {prefix}_CLIENT_SECRET={}\n\
             For its fault switches (POST {}/control/faults):\n  Authorization: Bearer {}\n",
            self.base_url,
            self.credentials.client_id,
            self.credentials.client_secret.expose_secret(),
            self.base_url,
            self.control_key.expose_secret(),
        )
    }

    /// The same for a program, secrets included.
    #[must_use]
    pub fn expose_json(&self) -> Value {
        json!({
            "address": self.base_url,
            "provider": self.provider,
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.client_secret.expose_secret(),
            "control_key": self.control_key.expose_secret(),
        })
    }
}
