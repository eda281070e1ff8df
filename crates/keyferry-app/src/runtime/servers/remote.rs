//! One session with a server that runs elsewhere (MCP, "Streamable HTTP").

use std::{collections::HashMap, sync::Arc, time::Duration};

use http::{HeaderName, HeaderValue};
use keyferry_core::id::ServerName;
use reqwest::{Client, redirect};
use rmcp::transport::streamable_http_client::{
    StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::runtime::{
    RemoteLaunch, RuntimeError,
    log::{Log, Mask},
    mcp::{Ended, OpenError, Opening, Session},
};

const CONNECT: Duration = Duration::from_secs(10);

/// Opens a session, and lists the tools.
pub(super) async fn open(
    shared: &Shared,
    launch: RemoteLaunch,
    cancel: &CancellationToken,
) -> Result<(Session, Ended, Log, Option<usize>), RuntimeError> {
    let config = &shared.config;
    let limits = &config.limits;
    let server = launch.server.clone();
    let path = shared.log_path(&server);
    let log = Log::open(&path, limits, Arc::clone(&config.now))
        .map_err(|error| RuntimeError::Log { path, reason: error.to_string() })?;
    log.note("opening a session");
    let mask = Arc::new(Mask::of_remote(&launch));
    let transport = transport(&launch, limits.message)?;
    let opening = Opening { server: server.clone(), mask, switchboard: shared.switchboard.clone(), limits };
    let opened = async {
        let (session, ended) =
            Session::open_over(transport, opening).await.map_err(|error| refused(&server, error))?;
        let tools = match session.offers_tools() {
            true => {
                let tools = session.tools().await?;
                session.note(&tools);
                Some(tools.len())
            }
            false => None,
        };
        Ok((session, ended, tools))
    };
    let opened = tokio::select! {
        opened = timeout(limits.initialize, opened) => opened.unwrap_or_else(|_| {
            Err(RuntimeError::NeverAnswered { server, limit: limits.initialize, last_lines: Vec::new() })
        }),
        () = cancel.cancelled() => Err(RuntimeError::StoppedMeanwhile { server }),
    };
    let (session, ended, tools) = opened.inspect_err(|error| log.note(&format!("no session: {error}")))?;
    log.note("the session is open");
    Ok((session, ended, log, tools))
}

/// The one client for servers elsewhere. It follows nothing: the next address would get the token.
fn transport(
    launch: &RemoteLaunch,
    largest: usize,
) -> Result<StreamableHttpClientTransport<Client>, RuntimeError> {
    let unusable =
        |reason: &str| RuntimeError::Unreachable { server: launch.server.clone(), reason: reason.to_owned() };
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT)
        .referer(false)
        .user_agent(concat!("keyferry-app/", env!("CARGO_PKG_VERSION")));
    let url = launch.endpoint.url();
    let is_here = url.scheme() == "http";
    let builder = if is_here { builder.no_proxy() } else { builder };
    let client = builder.build().map_err(|_| unusable("no client can be made"))?;
    let mut headers = HashMap::new();
    for (name, value) in &launch.headers {
        let name = HeaderName::try_from(name).map_err(|_| unusable("a header's name can't be sent"))?;
        let value = HeaderValue::try_from(value.expose_secret());
        let mut value = value.map_err(|_| unusable("a header's value can't be sent"))?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let mut config = StreamableHttpClientTransportConfig::with_uri(launch.endpoint.as_str());
    config.custom_headers = headers;
    config.max_sse_event_size = largest;
    config.max_json_response_size = largest;
    Ok(StreamableHttpClientTransport::with_client(client, config))
}

fn refused(server: &ServerName, error: OpenError) -> RuntimeError {
    let server = server.clone();
    match error {
        OpenError::Refused(error) => error,
        OpenError::Unauthorized => RuntimeError::TokenRefused { server },
        OpenError::Closed => {
            RuntimeError::Unreachable { server, reason: "no answer to `initialize`".to_owned() }
        }
        OpenError::NotMcp => {
            RuntimeError::Unreachable { server, reason: "what answers there does not speak MCP".to_owned() }
        }
    }
}
