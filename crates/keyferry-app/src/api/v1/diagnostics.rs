//! `/api/v1/diagnostics`

use axum::{Json, extract::State, http::header, response::IntoResponse};

use crate::{
    api::{ApiError, Shared},
    diagnostics,
};

/// What the download is called.
const NAME: &str = "attachment; filename=\"keyferry-diagnostics.json\"";

/// `GET`: what whoever helps needs to know, without secrets, as a download.
#[utoipa::path(
    get, path = "/api/v1/diagnostics", operation_id = "diagnostics_show", tag = "app",
    responses((status = 200, description = "Done", body = crate::api::dto::Diagnostics))
)]
pub(crate) async fn show(State(engine): Shared) -> Result<impl IntoResponse, ApiError> {
    let report = diagnostics::report(&engine).await?;
    Ok(([(header::CONTENT_DISPOSITION, NAME)], Json(report)))
}
