//! The crate's one HTTP client builder: no redirects, no proxy, timed. It only ever talks to loopback.

use std::time::Duration;

use reqwest::{Client, redirect::Policy};

/// Longest wait for a connection.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);
/// Longest wait for a whole exchange.
const EXCHANGE_PATIENCE: Duration = Duration::from_secs(10);

pub(crate) fn build() -> reqwest::Result<Client> {
    Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_PATIENCE)
        .timeout(EXCHANGE_PATIENCE)
        .build()
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
