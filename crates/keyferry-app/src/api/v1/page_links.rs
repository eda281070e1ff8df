//! `/api/v1/page-links`

use axum::{Json, extract::State, http::StatusCode};

use super::servers::Nothing;
use crate::api::{Shared, dto::PageLink, extract::Body};

/// `POST`: a link that opens the pages in one browser, once.
#[utoipa::path(
    post, path = "/api/v1/page-links", operation_id = "page_links_create", tag = "app",
    request_body = Nothing,
    responses((status = 201, description = "Made", body = PageLink))
)]
pub(crate) async fn create(
    State(engine): Shared,
    Body(Nothing {}): Body<Nothing>,
) -> (StatusCode, Json<PageLink>) {
    let code = engine.sessions.link(&engine.entropy);
    (StatusCode::CREATED, Json(PageLink { url: format!("http://{}/open/{code}", engine.address) }))
}
