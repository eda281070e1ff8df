//! `/servers/{name}/start`, `stop` and `restart`

use axum::response::Response;
use keyferry_core::id::ServerName;

use crate::{
    install::running,
    pages::{failed::Of, form::Sent},
};

/// `POST`: starts it.
pub(in crate::pages) async fn start(Of(name): Of<ServerName>, sent: Sent) -> Response {
    let outcome = running::start(&sent.visit.engine, &name).await;
    sent.visit.done(&back(&name), outcome, |()| "The server runs".to_owned())
}

/// `POST`: stops it until it is started again.
pub(in crate::pages) async fn stop(Of(name): Of<ServerName>, sent: Sent) -> Response {
    let outcome = running::stop(&sent.visit.engine, &name).await;
    sent.visit.done(&back(&name), outcome, |()| "The server is stopped, until you start it".to_owned())
}

/// `POST`: starts it anew.
pub(in crate::pages) async fn restart(Of(name): Of<ServerName>, sent: Sent) -> Response {
    let outcome = running::restart(&sent.visit.engine, &name).await;
    sent.visit.done(&back(&name), outcome, |()| "The server was started anew".to_owned())
}

fn back(name: &ServerName) -> String {
    format!("/servers/{name}")
}
