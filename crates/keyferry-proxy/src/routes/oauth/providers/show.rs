//! `GET /oauth/providers/{name}`

use std::sync::Arc;

use axum::{
    extract::{Path, State, rejection::PathRejection},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode};

use super::ProviderReply;
use crate::{
    error::{ErrorReply, ProxyError},
    request_log::Facts,
    routes::reply,
    state::ProxyState,
};

/// One provider.
#[utoipa::path(
    get,
    path = "/oauth/providers/{name}",
    tag = "oauth",
    params(("name" = String, Path, description = "The provider's name", example = "jira")),
    responses(
        (status = 200, description = "The provider", body = ProviderReply),
        (status = 401, description = "No access key", body = ErrorReply),
        (status = 404, description = "No such provider", body = ErrorReply),
    )
)]
pub(crate) async fn get(
    State(proxy): State<Arc<ProxyState>>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let mut facts = Facts::default();
    let answer = show(&proxy, name.ok(), &headers, &mut facts).await;
    facts.attach(answer.unwrap_or_else(IntoResponse::into_response))
}

async fn show(
    proxy: &ProxyState,
    name: Option<Path<String>>,
    headers: &HeaderMap,
    facts: &mut Facts,
) -> Result<Response, ProxyError> {
    let caller = proxy.admission.admit(headers).await?;
    let Path(name) = name.ok_or(ProxyError::UnknownProvider)?;
    let provider = proxy.registry.find(&name)?;
    caller.may_use(&provider.file.name)?;
    facts.provider = Some(Arc::clone(&provider.label));
    Ok(reply::secret(StatusCode::OK, &ProviderReply::of(&provider)))
}
