//! `/api/v1/catalog`

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use keyferry_core::id::{ManifestName, ServerName};

use crate::{
    api::{
        ApiError, Shared,
        dto::{CatalogEntry, CatalogEntryDetail, CatalogList, Problem},
        extract::Named,
    },
    catalog::{self, Entry},
    engine::Engine,
};

/// `GET`: every manifest.
pub(crate) async fn list(State(engine): Shared) -> Result<Json<CatalogList>, ApiError> {
    let installed = installed(&engine).await?;
    let entries = engine.catalog.iter().map(|entry| shown(&engine, entry, &installed)).collect();
    Ok(Json(CatalogList { entries, problems: engine.catalog.problems().to_vec() }))
}

/// `GET /{name}`: one manifest, with what it will ask and run.
pub(crate) async fn show(
    State(engine): Shared,
    Named(name): Named<ManifestName>,
) -> Result<Json<CatalogEntryDetail>, ApiError> {
    let entry = engine.catalog.get(&name).ok_or_else(|| unknown(&engine, &name))?;
    let shown = shown(&engine, entry, &installed(&engine).await?);
    Ok(Json(catalog::detail(entry, shown)))
}

async fn installed(engine: &Engine) -> Result<BTreeSet<ServerName>, ApiError> {
    let heads = engine.vault.server_heads().await?;
    Ok(heads.into_iter().map(|head| head.name).collect())
}

fn shown(engine: &Engine, entry: &Entry, installed: &BTreeSet<ServerName>) -> CatalogEntry {
    let is_installed = installed.contains(&ServerName::from_manifest(&entry.manifest.name));
    catalog::entry(entry, is_installed, catalog::not_installable(&entry.manifest, &engine.providers.now()))
}

fn unknown(engine: &Engine, name: &ManifestName) -> ApiError {
    let problem = Problem::new("unknown_manifest", format!("the catalog has no manifest `{name}`"));
    ApiError::not_found(match engine.catalog.nearest(name.as_str()) {
        Some(nearest) => problem.with_hint(format!("did you mean `{nearest}`?")),
        None => problem.with_hint("`keyferry catalog list` shows what there is"),
    })
}
