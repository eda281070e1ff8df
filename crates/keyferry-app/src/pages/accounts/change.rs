//! `/accounts/{id}/refresh`, `name` and `sign-in`

use axum::response::Response;
use keyferry_core::id::ConnectionId;

use crate::{
    api::{
        dto::{ConnectionChange, SignInRequest},
        extract::{Body, Named},
        v1::{connections, servers::Nothing, sign_ins},
    },
    pages::{failed::Of, form::Sent, visit::see},
};

/// `POST`: refreshes it now.
pub(in crate::pages) async fn refresh(Of(id): Of<ConnectionId>, sent: Sent) -> Response {
    let back = format!("/accounts/{id}");
    let outcome = connections::refresh(sent.visit.shared(), Named(id), Body(Nothing {})).await;
    sent.visit.done(&back, outcome, |_| "The tokens are new".to_owned())
}

/// `POST`: gives it another name, or takes the name away.
pub(in crate::pages) async fn rename(Of(id): Of<ConnectionId>, sent: Sent) -> Response {
    let back = format!("/accounts/{id}");
    let label = sent.fields.filled("label").map(str::to_owned);
    let outcome = connections::change(sent.visit.shared(), Named(id), Body(ConnectionChange { label })).await;
    sent.visit.done(&back, outcome, |_| "The name is kept".to_owned())
}

/// `POST`: begins a sign-in to it again.
pub(in crate::pages) async fn sign_in(Of(id): Of<ConnectionId>, sent: Sent) -> Response {
    let request =
        SignInRequest { connection: Some(id.to_string()), open_browser: true, ..SignInRequest::default() };
    let begun = sign_ins::begin(sent.visit.shared(), Body(request)).await;
    match begun {
        Ok(sign_in) => see(&format!("/sign-ins/{}", sign_in.id)),
        Err(error) => sent.visit.go(&format!("/accounts/{id}"), error),
    }
}
