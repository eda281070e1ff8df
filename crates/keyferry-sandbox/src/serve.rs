//! `keyferry sandbox serve`: a sandbox that stays until it is told to stop.

use std::{
    future::Future,
    io,
    net::{Ipv4Addr, SocketAddr},
};

use crate::{
    config::SandboxConfig,
    sandbox::{Credentials, Sandbox},
    secret::SandboxSecret,
};

/// Where the sandbox listens unless told otherwise; the shipped provider file points here.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 7668);

/// A sandbox that was started for a person at a terminal.
#[derive(Debug)]
pub struct Serving(Sandbox);

/// What that person needs to know, for the binary to print.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Announcement {
    /// Where the sandbox listens.
    pub base_url: String,
    /// The registered client.
    pub credentials: Credentials,
    /// The key of the fault switches.
    pub control_key: SandboxSecret,
}

/// Starts the sandbox. A fresh client secret is made when none is given.
///
/// # Errors
/// Those of [`Sandbox::start`].
pub async fn serve(listen: SocketAddr, client_secret: Option<SandboxSecret>) -> io::Result<Serving> {
    Sandbox::start(SandboxConfig { listen, client_secret, ..SandboxConfig::default() }).await.map(Serving)
}

// === impl Serving ===

impl Serving {
    /// What to print before waiting.
    #[must_use]
    pub fn announcement(&self) -> Announcement {
        Announcement {
            base_url: self.0.base_url().to_owned(),
            credentials: self.0.credentials(),
            control_key: self.0.control_key().clone(),
        }
    }

    /// Serves until `stop` is done, then shuts down in good order.
    pub async fn until(self, stop: impl Future<Output = ()>) {
        stop.await;
        self.0.shutdown().await;
    }
}

// === impl Announcement ===

impl Announcement {
    /// The text for the terminal. It shows the secrets: the person who started the sandbox is their owner.
    #[must_use]
    pub fn expose_text(&self) -> String {
        format!(
            "The sandbox provider listens on {}\n\
             For the proxy's environment:\n  SANDBOX_CLIENT_ID={}\n  SANDBOX_CLIENT_SECRET={}\n\
             For its fault switches (POST {}/control/faults):\n  Authorization: Bearer {}\n",
            self.base_url,
            self.credentials.client_id,
            self.credentials.client_secret.expose_secret(),
            self.base_url,
            self.control_key.expose_secret(),
        )
    }
}
