//! `/accounts/{id}/refresh` and `name`

use axum::response::Response;
use keyferry_core::id::ConnectionId;

use crate::{
    api::{
        dto::ConnectionChange,
        extract::{Body, Named},
        v1::{connections, servers::Nothing},
    },
    pages::{failed::Of, form::Sent},
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
