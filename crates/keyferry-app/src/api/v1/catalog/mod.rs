//! `/api/v1/catalog`

pub(crate) mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{Json, extract::State};
use keyferry_core::id::{ManifestName, ServerName};

use crate::{
    api::{
        ApiError, Shared,
        dto::{
            CatalogCategory, CatalogEntry, CatalogEntryDetail, CatalogList, CatalogNeed, CatalogQuery,
            Problem, RunsWhere,
        },
        extract::{Named, Parameters},
    },
    catalog::{self, Entry, Offer},
    engine::Engine,
    providers::Snapshot,
};

/// Entries of one reply.
const MOST_ENTRIES: usize = 5_000;

/// Words of one search, and the length of all of them.
const MOST_WORDS: usize = 16;
const LONGEST_SEARCH: usize = 500;

/// `GET ?search=WORDS&category=NAME&needs=KIND&installable=BOOL&offset=N&limit=N`: the manifests that fit.
#[utoipa::path(
    get, path = "/api/v1/catalog", operation_id = "catalog_list", tag = "catalog",
    params(CatalogQuery),
    responses((status = 200, description = "Done", body = CatalogList))
)]
pub(crate) async fn list(
    State(engine): Shared,
    Parameters(query): Parameters<CatalogQuery>,
) -> Result<Json<CatalogList>, ApiError> {
    let installed = installed(&engine).await?;
    let (offer, providers) = (engine.catalog.now(), engine.providers.now());
    let wanted = Wanted::read(&query)?;
    let fits = |entry: &&Arc<Entry>| wanted.fits_text(entry);
    let mut entries: Vec<_> = offer
        .iter()
        .filter(fits)
        .map(|entry| shown(&providers, entry, &installed))
        .filter(|entry| wanted.fits(entry))
        .collect();
    let total = entries.len();
    entries.drain(..query.offset.unwrap_or(0).min(total));
    entries.truncate(query.limit.unwrap_or(MOST_ENTRIES).min(MOST_ENTRIES));
    let (categories, problems) = (categories(&offer), offer.problems().to_vec());
    Ok(Json(CatalogList { entries, total, categories, problems }))
}

/// `GET /{name}`: one manifest, with what it will ask and run, and whether it can work here.
#[utoipa::path(
    get, path = "/api/v1/catalog/{name}", operation_id = "catalog_show", tag = "catalog",
    params(("name" = String, Path, description = "The name of a manifest", example = "sandbox-notes")),
    responses((status = 200, description = "Done", body = CatalogEntryDetail))
)]
pub(crate) async fn show(
    State(engine): Shared,
    Named(name): Named<ManifestName>,
) -> Result<Json<CatalogEntryDetail>, ApiError> {
    let (offer, providers) = (engine.catalog.now(), engine.providers.now());
    let entry = offer.get(&name).ok_or_else(|| unknown(&offer, &name))?;
    let shown = shown(&providers, entry, &installed(&engine).await?);
    Ok(Json(catalog::detail(entry, shown, catalog::here(&engine, entry).await)))
}

/// What is asked for, read once.
struct Wanted {
    words: Vec<String>,
    category: Option<String>,
    needs: Option<CatalogNeed>,
    installable: Option<bool>,
}

// === impl Wanted ===

impl Wanted {
    fn read(query: &CatalogQuery) -> Result<Self, ApiError> {
        let search = query.search.as_deref().unwrap_or_default().to_lowercase();
        let words: Vec<_> = search.split_whitespace().map(str::to_owned).collect();
        if search.len() > LONGEST_SEARCH || words.len() > MOST_WORDS {
            let message = format!("a search has at most {MOST_WORDS} words and {LONGEST_SEARCH} bytes");
            return Err(ApiError::bad_request(Problem::new("bad_query", message)));
        }
        let category = query.category.as_deref().map(str::to_lowercase).filter(|name| !name.is_empty());
        Ok(Self { words, category, needs: query.needs, installable: query.installable })
    }

    fn fits_text(&self, entry: &Entry) -> bool {
        let stands_on = |name: &String| {
            entry.manifest.category.as_ref().is_some_and(|category| category.to_lowercase() == *name)
        };
        self.category.as_ref().is_none_or(stands_on) && entry.has_all(&self.words)
    }

    fn fits(&self, entry: &CatalogEntry) -> bool {
        let needs = &entry.needs;
        let has_need = match self.needs {
            None => true,
            Some(CatalogNeed::Account) => needs.account.is_some(),
            Some(CatalogNeed::Settings) => !needs.settings.is_empty(),
            Some(CatalogNeed::Container) => needs.runs.place == RunsWhere::Container,
            Some(CatalogNeed::Remote) => needs.runs.place == RunsWhere::Elsewhere,
            Some(CatalogNeed::Nothing) => needs.account.is_none() && needs.settings.is_empty(),
        };
        has_need && self.installable.is_none_or(|wanted| entry.not_installable.is_none() == wanted)
    }
}

fn categories(offer: &Offer) -> Vec<CatalogCategory> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for category in offer.iter().filter_map(|entry| entry.manifest.category.as_deref()) {
        *counts.entry(category).or_default() += 1;
    }
    counts.into_iter().map(|(name, count)| CatalogCategory { name: name.to_owned(), count }).collect()
}

async fn installed(engine: &Engine) -> Result<BTreeSet<ServerName>, ApiError> {
    let heads = engine.vault.server_heads().await?;
    Ok(heads.into_iter().map(|head| head.name).collect())
}

fn shown(providers: &Snapshot, entry: &Entry, installed: &BTreeSet<ServerName>) -> CatalogEntry {
    let is_installed = installed.contains(&ServerName::from_manifest(&entry.manifest.name));
    catalog::entry(entry, is_installed, providers)
}

fn unknown(offer: &Offer, name: &ManifestName) -> ApiError {
    let problem = Problem::new("unknown_manifest", format!("the catalog has no manifest `{name}`"));
    ApiError::not_found(match offer.nearest(name.as_str()) {
        Some(nearest) => problem.with_hint(format!("did you mean `{nearest}`?")),
        None => problem.with_hint("`keyferry catalog list` shows what there is"),
    })
}
