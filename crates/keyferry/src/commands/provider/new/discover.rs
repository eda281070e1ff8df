//! Fetches a discovery document: from the issuer alone, without redirects, in bounded time and size.

use std::time::Duration;

use keyferry_core::{
    flow::server_metadata::{Discovery, LONGEST, ServerMetadata, UnusableMetadata},
    url::Endpoint,
};
use reqwest::{Client, StatusCode, redirect};

use crate::error::{CliError, CliResult};

/// Longest wait for a connection, and for a whole answer.
const LIMITS: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(15));

/// Why there is no document at one place.
enum Nothing {
    Status(StatusCode),
    NotMetadata,
    TooLong,
}

/// Fetches the first document that there is.
pub(super) async fn fetch(discovery: &Discovery) -> CliResult<ServerMetadata> {
    let http = Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .connect_timeout(LIMITS.0)
        .timeout(LIMITS.1)
        .build()
        .map_err(|error| CliError::failed("client", format!("the client can't be made: {error}")))?;
    let mut tried = Vec::new();
    for place in discovery.places() {
        match at(&http, place).await? {
            Ok(body) => match discovery.read(&body) {
                Ok(metadata) => return Ok(metadata),
                Err(UnusableMetadata::NotMetadata) => tried.push((place, Nothing::NotMetadata)),
                Err(error) => return Err(unusable(place, &error)),
            },
            Err(nothing) => tried.push((place, nothing)),
        }
    }
    let tried: Vec<_> =
        tried.iter().map(|(place, nothing)| format!("\n  {place}: {}", reason(nothing))).collect();
    Err(CliError::failed("no_discovery", format!("there is no discovery document:{}", tried.concat()))
        .hint("the service's OAuth page names its endpoints: give them by --authorization and --token"))
}

async fn at(http: &Client, place: &Endpoint) -> CliResult<Result<Vec<u8>, Nothing>> {
    let unanswered = |error: reqwest::Error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        let text = format!("{place} does not answer: {}{cause}", error.without_url());
        CliError::failed("no_discovery", text).hint("is the address right, and is this machine online?")
    };
    let mut response =
        http.get(place.as_str()).header("accept", "application/json").send().await.map_err(unanswered)?;
    if response.status() != StatusCode::OK {
        return Ok(Err(Nothing::Status(response.status())));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unanswered)? {
        if body.len() + chunk.len() > LONGEST {
            return Ok(Err(Nothing::TooLong));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Ok(body))
}

fn reason(nothing: &Nothing) -> String {
    match nothing {
        Nothing::Status(status) if status.is_redirection() => {
            format!("HTTP {}, a redirect, which is not followed", status.as_u16())
        }
        Nothing::Status(status) => format!("HTTP {}", status.as_u16()),
        Nothing::NotMetadata => UnusableMetadata::NotMetadata.to_string(),
        Nothing::TooLong => format!("it is longer than {} KiB", LONGEST / 1024),
    }
}

fn unusable(place: &Endpoint, error: &UnusableMetadata) -> CliError {
    let hint = match error {
        UnusableMetadata::OtherIssuer { found, .. } => {
            format!("if that is the server you mean, ask it: --discover {}", found.escape_debug())
        }
        _ => "the service's OAuth page may say more than the document: give the endpoints by --authorization and --token".to_owned(),
    };
    CliError::failed("unusable_discovery", format!("{place} can't be used: {error}")).hint(hint)
}
