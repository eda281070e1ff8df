//! The pages: the URL tree for people, rendered on the server.
//!
//! A page asks the same functions as the local API and shows what they answer, so both always say the same; what a person sends comes as
//! a plain form and is answered by a redirect. So every page can be read, and most can be used, without a script. Where scripts run, what
//! moves is fetched anew when the stream of changes says so, and merged into what is there.
//!
//! - `table`: all routes; `shell`: what is around each page; `visit` and `form`: who looks, and what they send
//! - `parts` and `words`: what pages are made of, and how things are called
//! - `frame`: the few pages that need no session

mod accounts;
mod assets;
mod catalog;
mod clients;
mod failed;
mod fields;
mod form;
mod frame;
mod home;
mod installs;
mod links;
mod locked;
mod parts;
mod providers;
mod servers;
mod settings;
mod shell;
mod sign_in;
mod sign_ins;
mod visit;
mod words;

use std::sync::Arc;

use axum::{
    http::HeaderMap,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};

pub(crate) use locked::locked;
pub use sign_in::SignInPage;

use crate::{
    api::{
        ApiError,
        extract::Parameters,
        v1::{self, events},
    },
    engine::Engine,
};
use visit::Visit;

/// All routes of the pages.
pub(crate) fn table() -> Vec<(&'static str, MethodRouter<Arc<Engine>>)> {
    vec![
        ("/", get(home::show)),
        ("/open/{code}", get(links::open)),
        ("/assets/{name}", get(assets::show)),
        ("/events", get(events)),
        ("/catalog", get(catalog::list)),
        ("/catalog/{name}", get(catalog::show)),
        ("/catalog/{name}/icon", get(catalog::icon)),
        ("/catalog/{name}/install", post(catalog::begin)),
        ("/installs/{id}", get(installs::show)),
        ("/installs/{id}/retry", post(installs::retry)),
        ("/installs/{id}/cancel", post(installs::cancel)),
        ("/sign-ins/{id}", get(sign_ins::show)),
        ("/sign-ins/{id}/cancel", post(sign_ins::cancel)),
        ("/servers", get(servers::list)),
        ("/servers/{name}", get(servers::show)),
        ("/servers/{name}/start", post(servers::start)),
        ("/servers/{name}/stop", post(servers::stop)),
        ("/servers/{name}/restart", post(servers::restart)),
        ("/servers/{name}/tools", get(servers::tools)),
        ("/servers/{name}/tools/{tool}", post(servers::call_tool)),
        ("/servers/{name}/logs", get(servers::logs)),
        ("/servers/{name}/logs/more", get(servers::more_logs)),
        ("/servers/{name}/settings", get(servers::settings).post(servers::save_settings)),
        ("/servers/{name}/uninstall", get(servers::ask_uninstall).post(servers::uninstall)),
        ("/accounts", get(accounts::list)),
        ("/accounts/{id}", get(accounts::show)),
        ("/accounts/{id}/refresh", post(accounts::refresh)),
        ("/accounts/{id}/sign-in", get(accounts::ask_sign_in).post(accounts::sign_in)),
        ("/accounts/{id}/name", post(accounts::rename)),
        ("/accounts/{id}/revoke", get(accounts::ask_revoke).post(accounts::revoke)),
        ("/clients", get(clients::list)),
        ("/clients/{name}", get(clients::show)),
        ("/clients/{name}/connect", post(clients::connect)),
        ("/clients/{name}/disconnect", post(clients::disconnect)),
        ("/providers", get(providers::list)),
        ("/providers/check", get(providers::ask_check).post(providers::check)),
        ("/providers/{name}", get(providers::show)),
        ("/providers/{name}/sign-in", post(sign_ins::begin)),
        ("/settings", get(settings::list)),
        ("/settings/change", post(settings::change)),
        ("/settings/proxy/test", post(settings::test_proxy)),
        ("/settings/sources", post(settings::add_source)),
        ("/settings/sources/refresh", post(settings::refresh_sources)),
        ("/settings/sources/{id}/remove", post(settings::remove_source)),
        ("/settings/diagnostics", get(diagnostics)),
        ("/settings/session/close", post(settings::close_session)),
    ]
}

/// `GET /events`: the local API's stream of changes, for the pages' own script.
async fn events(
    visit: Visit,
    about: Parameters<events::About>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    events::listen(visit.shared(), about, headers).await
}

/// `GET /settings/diagnostics`: the local API's download.
async fn diagnostics(visit: Visit) -> Result<impl IntoResponse, failed::Failed> {
    Ok(v1::diagnostics::show(visit.shared()).await?)
}
