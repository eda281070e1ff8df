//! `GET /openapi.json`

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::header;
use utoipa::OpenApi;

use super::{health, metrics, oauth, ready};
use crate::state::ProxyState;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Keyferry proxy",
        description = "Redeems codes and refresh tokens under client secrets that stay here. Errors are objects of RFC 6749 §5.2. A proxy with access keys asks for one on every /oauth route, as `Authorization: Bearer KEY`.",
        license(name = "Apache-2.0 OR MIT")
    ),
    paths(
        oauth::token::post,
        oauth::revoke::post,
        oauth::providers::list::get,
        oauth::providers::show::get,
        oauth::callback::get,
        health::get,
        ready::get,
        metrics::get,
        get
    )
)]
struct Description;

/// The description as text.
pub(crate) fn text() -> Result<Bytes, serde_json::Error> {
    Description::openapi().to_pretty_json().map(Bytes::from)
}

/// This description.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operation",
    responses((status = 200, description = "The OpenAPI description", content_type = "application/json", body = Object))
)]
pub(crate) async fn get(State(proxy): State<Arc<ProxyState>>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], proxy.description.clone()).into_response()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_is_as_reviewed() {
        let text = super::text().unwrap();
        let text = std::str::from_utf8(&text).unwrap();
        insta::assert_snapshot!(text.replacen(env!("CARGO_PKG_VERSION"), "VERSION", 1));
    }
}
