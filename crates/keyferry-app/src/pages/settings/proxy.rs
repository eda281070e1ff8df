//! `/settings/proxy`

use axum::response::Response;

use crate::{
    api::ApiError,
    connections::ConnectionError,
    pages::{form::Sent, parts::plural},
    providers,
};

/// `POST …/test`: asks the proxy what it knows.
pub(in crate::pages) async fn test(sent: Sent) -> Response {
    let learned = providers::learn(&sent.visit.engine).await;
    let outcome = learned.map_err(|error| ApiError::from(ConnectionError::from(error)));
    sent.visit.done("/settings", outcome, |listed| {
        let ready = listed.iter().filter(|provider| provider.configured).count();
        format!("The proxy answers, and is set up for {}", plural(ready, "service"))
    })
}
