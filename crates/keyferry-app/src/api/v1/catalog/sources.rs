//! `/api/v1/catalog/sources`

use axum::{Json, extract::State, http::StatusCode};

use crate::{
    api::{
        ApiError, Shared,
        dto::{
            CatalogRefreshRequest, CatalogSource, CatalogSourceKind, CatalogSourceList, CatalogSourceRequest,
            Problem,
        },
        extract::{Body, Named},
    },
    catalog::{self, ChangeError, Place, Shelf, Source, SourceId},
    engine::Engine,
};

/// `GET`: every source.
#[utoipa::path(
    get, path = "/api/v1/catalog/sources", operation_id = "catalog_sources_list", tag = "catalog",
    responses((status = 200, description = "Done", body = CatalogSourceList))
)]
pub(crate) async fn list(State(engine): Shared) -> Json<CatalogSourceList> {
    Json(all(&engine))
}

/// `POST`: adds a folder or a URL, once it was looked at.
#[utoipa::path(
    post, path = "/api/v1/catalog/sources", operation_id = "catalog_sources_add", tag = "catalog",
    request_body = CatalogSourceRequest,
    responses((status = 201, description = "Added", body = CatalogSource))
)]
pub(crate) async fn add(
    State(engine): Shared,
    Body(CatalogSourceRequest { place }): Body<CatalogSourceRequest>,
) -> Result<(StatusCode, Json<CatalogSource>), ApiError> {
    let id = catalog::add(&engine, &place).await?;
    let added = all(&engine).sources.into_iter().find(|source| source.id == id.to_string());
    let added = added.ok_or(ChangeError::Unknown(id))?;
    Ok((StatusCode::CREATED, Json(added)))
}

/// `DELETE /{id}`: takes a source away. What was installed from it stays.
#[utoipa::path(
    delete, path = "/api/v1/catalog/sources/{id}", operation_id = "catalog_sources_remove",
    tag = "catalog",
    params(("id" = String, Path, description = "The id of a source")),
    responses((status = 200, description = "Done", body = CatalogSourceList))
)]
pub(crate) async fn remove(
    State(engine): Shared,
    Named(id): Named<SourceId>,
) -> Result<Json<CatalogSourceList>, ApiError> {
    catalog::remove(&engine, &id).await?;
    Ok(Json(all(&engine)))
}

/// `POST /refresh`: looks at a source, or at all of them. One that does not answer stays as it was.
#[utoipa::path(
    post, path = "/api/v1/catalog/sources/refresh", operation_id = "catalog_sources_refresh",
    tag = "catalog", request_body = CatalogRefreshRequest,
    responses((status = 200, description = "Done", body = CatalogSourceList))
)]
pub(crate) async fn refresh(
    State(engine): Shared,
    Body(CatalogRefreshRequest { id }): Body<CatalogRefreshRequest>,
) -> Result<Json<CatalogSourceList>, ApiError> {
    let id = id.map(|id| id.parse::<SourceId>()).transpose().map_err(ApiError::bad_name)?;
    let found = engine.catalog.refresh(id.as_ref(), engine.clock.now()).await;
    match id {
        Some(id) if !found => Err(ChangeError::Unknown(id).into()),
        _ => Ok(Json(all(&engine))),
    }
}

/// Every source as the local API tells it.
pub(crate) fn all(engine: &Engine) -> CatalogSourceList {
    CatalogSourceList { sources: engine.catalog.now().shelves().iter().map(|shelf| shown(shelf)).collect() }
}

fn shown(shelf: &Shelf) -> CatalogSource {
    CatalogSource {
        id: shelf.place.id().to_string(),
        kind: match &shelf.place {
            Place::BuiltIn => CatalogSourceKind::BuiltIn,
            Place::Own(_) => CatalogSourceKind::Own,
            Place::Named(Source::Folder(_)) => CatalogSourceKind::Folder,
            Place::Named(Source::Url(_)) => CatalogSourceKind::Url,
        },
        place: shelf.place.shown(),
        manifests: shelf.count(),
        removable: matches!(shelf.place, Place::Named(_)),
        checked_at: shelf.remote.as_ref().and_then(|remote| remote.checked_at),
        is_old: shelf.remote.as_ref().is_some_and(|remote| remote.failure.is_some()),
        problems: shelf.all_problems().collect(),
    }
}

impl From<ChangeError> for ApiError {
    fn from(error: ChangeError) -> Self {
        let status = match &error {
            ChangeError::Invalid(_) | ChangeError::Relative => StatusCode::BAD_REQUEST,
            ChangeError::Unknown(_) => StatusCode::NOT_FOUND,
            ChangeError::Known(_) | ChangeError::TooMany => StatusCode::CONFLICT,
            ChangeError::Folder(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ChangeError::Url(..) => StatusCode::BAD_GATEWAY,
            ChangeError::Settings(error) => error.status(),
        };
        Self::new(status, Problem::new(error.code(), error.to_string()).with_hint(error.hint()))
    }
}
