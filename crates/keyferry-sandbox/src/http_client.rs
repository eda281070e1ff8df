//! The crate's one HTTP client builder: no redirects, no proxy, timed.

use std::time::Duration;

use reqwest::{Client, ClientBuilder, redirect::Policy};

/// Longest wait for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);
/// Longest wait for a whole exchange.
const EXCHANGE_PATIENCE: Duration = Duration::from_secs(10);

/// A client for any address; TLS is verified against the platform's roots.
pub(crate) fn build() -> reqwest::Result<Client> {
    builder().build()
}

/// A client for plain http on loopback. It trusts no certificate at all, which spares it loading the roots.
pub(crate) fn build_for_loopback() -> reqwest::Result<Client> {
    builder().tls_certs_only([]).build()
}

fn builder() -> ClientBuilder {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_PATIENCE)
        .timeout(EXCHANGE_PATIENCE)
}

/// Reads a body up to `limit` bytes; `None` when it is longer.
pub(crate) async fn read_capped(
    mut response: reqwest::Response,
    limit: usize,
) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}
