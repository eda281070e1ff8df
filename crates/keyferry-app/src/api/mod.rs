//! The local API: the URL tree under `/api/v1`, for programs that hold the data folder's token.
//!
//! `table` is the one list of routes. What a request must show to reach any of them stands in `guard`; the limits of
//! connections in `serve`, those of a request's body here.

pub mod dto;
mod error;
mod extract;
mod guard;
mod open;
mod openapi;
mod problem;
mod reply;
pub(crate) mod serve;
mod v1;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{MethodRouter, any, delete, get, patch, post},
};
use tower_http::{catch_panic::CatchPanicLayer, timeout::RequestBodyTimeoutLayer};

pub(crate) use error::ApiError;
pub(crate) use guard::{Caller, Guard};
pub(crate) use v1::{catalog::sources, settings};

use crate::{engine::Engine, gateway};
use v1::{
    audit, catalog, clients, connections, diagnostics, events, installs, providers, servers, sign_ins, status,
};

/// What every handler gets.
pub(crate) type Shared = axum::extract::State<Arc<Engine>>;

/// The largest body: a manifest that comes along, or the arguments of a tool call.
const LARGEST_BODY: usize = 1024 * 1024;

/// How long a body may take to arrive.
const BODY_LIMIT: Duration = Duration::from_secs(15);

/// All routes of the local API.
fn table() -> Vec<(&'static str, MethodRouter<Arc<Engine>>)> {
    vec![
        ("/api/v1/status", get(status::show)),
        ("/api/v1/catalog", get(catalog::list)),
        ("/api/v1/catalog/{name}", get(catalog::show)),
        ("/api/v1/catalog/sources", get(catalog::sources::list).post(catalog::sources::add)),
        ("/api/v1/catalog/sources/refresh", post(catalog::sources::refresh)),
        ("/api/v1/catalog/sources/{id}", delete(catalog::sources::remove)),
        ("/api/v1/events", get(events::listen)),
        ("/api/v1/diagnostics", get(diagnostics::show)),
        ("/api/v1/settings", get(settings::list)),
        ("/api/v1/settings/proxy-test", post(settings::test_proxy)),
        ("/api/v1/settings/{key}", patch(settings::change)),
        ("/api/v1/installs", post(installs::create)),
        ("/api/v1/installs/{id}", get(installs::show).delete(installs::cancel)),
        ("/api/v1/servers", get(servers::list)),
        ("/api/v1/servers/{name}", get(servers::show).delete(servers::uninstall)),
        ("/api/v1/servers/{name}/start", post(servers::start)),
        ("/api/v1/servers/{name}/stop", post(servers::stop)),
        ("/api/v1/servers/{name}/restart", post(servers::restart)),
        ("/api/v1/servers/{name}/logs", get(servers::logs)),
        ("/api/v1/servers/{name}/tools", get(servers::tools::list)),
        ("/api/v1/servers/{name}/tools/{tool}", post(servers::tools::call)),
        ("/api/v1/connections", get(connections::list)),
        (
            "/api/v1/connections/{id}",
            get(connections::show).patch(connections::change).delete(connections::revoke),
        ),
        ("/api/v1/connections/{id}/history", get(connections::history)),
        ("/api/v1/connections/{id}/refresh", post(connections::refresh)),
        ("/api/v1/sign-ins", post(sign_ins::create)),
        ("/api/v1/sign-ins/{id}", get(sign_ins::show).delete(sign_ins::cancel)),
        ("/api/v1/clients", get(clients::list)),
        ("/api/v1/clients/{name}", get(clients::preview).put(clients::connect).delete(clients::disconnect)),
        ("/api/v1/audit", get(audit::verify)),
        ("/api/v1/providers", get(providers::list)),
        ("/api/v1/providers/check", post(providers::check)),
        ("/api/v1/providers/{name}", get(providers::show)),
    ]
}

/// The routes outside the API, which need no token.
fn open_table() -> Vec<(&'static str, MethodRouter<Arc<Engine>>)> {
    vec![
        ("/", get(open::home)),
        ("/health", get(open::health)),
        ("/openapi.json", get(openapi::show)),
        ("/oauth/callback/{provider}", get(open::callback)),
    ]
}

/// The gateway. Its bodies have a limit of their own.
fn gateway_table() -> Vec<(&'static str, MethodRouter<Arc<Engine>>)> {
    vec![("/mcp", any(gateway::all)), ("/mcp/{server}", any(gateway::one))]
}

/// The paths of all routes of the local API, with `{…}` for a part that varies.
pub fn paths() -> impl Iterator<Item = &'static str> {
    table().into_iter().map(|(path, _)| path)
}

/// Everything the listener serves: the local API, the pages, and the guard before both.
pub(crate) fn router(engine: Arc<Engine>, guard: Guard) -> Router {
    let routes = table().into_iter().chain(open_table()).chain(gateway_table());
    routes
        .fold(Router::new(), |router, (path, methods)| router.route(path, methods))
        .fallback(reply::not_found)
        .method_not_allowed_fallback(reply::method_not_allowed)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(RequestBodyTimeoutLayer::new(BODY_LIMIT))
        .layer(middleware::from_fn_with_state(Arc::new(guard), guard::guard))
        .layer(CatchPanicLayer::custom(reply::panicked))
        .layer(middleware::map_response(reply::with_safe_headers))
        .with_state(engine)
}
