//! `GET /oauth/providers`

use std::sync::Arc;

use axum::{extract::State, response::Response};
use http::{HeaderMap, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::ProviderReply;
use crate::{
    error::{ErrorReply, ProxyError},
    routes::reply,
    state::ProxyState,
};

/// All providers, by name.
#[derive(Debug, Serialize, ToSchema)]
struct ProvidersReply<'a> {
    providers: Vec<ProviderReply<'a>>,
}

/// The providers that this proxy knows, and whether it has credentials for each.
#[utoipa::path(
    get,
    path = "/oauth/providers",
    tag = "oauth",
    responses(
        (status = 200, description = "All providers", body = ProvidersReply),
        (status = 401, description = "No access key", body = ErrorReply),
    )
)]
pub(crate) async fn get(
    State(proxy): State<Arc<ProxyState>>,
    headers: HeaderMap,
) -> Result<Response, ProxyError> {
    let caller = proxy.admission.admit(&headers).await?;
    let all = proxy.registry.all();
    let theirs = all.values().filter(|provider| caller.may_use(&provider.file.name).is_ok());
    let providers = theirs.map(|provider| ProviderReply::of(provider)).collect();
    Ok(reply::secret(StatusCode::OK, &ProvidersReply { providers }))
}
