//! `/api/v1/audit`

use axum::{Json, extract::State};

use crate::{
    api::{ApiError, Shared, dto::AuditReport},
    vault::AuditState,
};

/// `GET`: looks through the whole log.
#[utoipa::path(
    get, path = "/api/v1/audit", operation_id = "audit_verify", tag = "connections",
    responses((status = 200, description = "Done", body = AuditReport))
)]
pub(crate) async fn verify(State(engine): Shared) -> Result<Json<AuditReport>, ApiError> {
    Ok(Json(match engine.vault.verify_audit().await? {
        AuditState::Whole { lines } => AuditReport { whole: true, lines },
        AuditState::Broken { line } => AuditReport { whole: false, lines: line - 1 },
    }))
}
