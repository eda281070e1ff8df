//! `/catalog`

use std::{collections::BTreeSet, sync::Arc};

use keyferry_core::id::ServerName;
use maud::{Markup, html};

use super::{
    card::{Standing, card},
    choice::{Account, Choice},
};
use crate::{
    api::{ApiError, extract::Parameters},
    catalog::{self, Entry, Offer},
    engine::Engine,
    pages::{
        failed::Shown,
        parts::{empty, plural, problems},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// Cards at once; the next ones come as one scrolls.
const AT_ONCE: usize = 24;

/// `GET`: the manifests that were asked for.
pub(in crate::pages) async fn show(visit: Visit, Parameters(choice): Parameters<Choice>) -> Shown {
    let engine = &visit.engine;
    let offer = engine.catalog.now();
    let found = found(engine, &offer, &choice).await?;
    let total = offer.iter().count();
    let body = html! {
        div.title { h1 { "Catalog" } p.soft { (plural(total, "server")) } }
        (search(&offer, &choice))
        div #results {
            p.hidden role="status" { (plural(found.len(), "server")) " found" }
            @if found.is_empty() { (nothing(&choice)) }
            ul.cards #cards { (cards(engine, &choice, &found)) }
        }
        @if !choice.is_narrow() { (problems(offer.problems())) }
    };
    Ok(visit.show(Page::new(Place::Catalog, "Catalog", body).live(&["catalog", "install"])).await)
}

/// Those that were asked for, by their titles.
async fn found<'o>(
    engine: &Engine,
    offer: &'o Offer,
    choice: &Choice,
) -> Result<Vec<(&'o Entry, Standing)>, ApiError> {
    let installed: BTreeSet<ServerName> =
        engine.vault.server_heads().await?.into_iter().map(|head| head.name).collect();
    let under_way: BTreeSet<_> = engine.installs.under_way().into_iter().map(|one| one.server).collect();
    let providers = engine.providers.now();
    let with_standing = |entry: &'o Arc<Entry>| {
        let server = ServerName::from_manifest(&entry.manifest.name);
        let standing = Standing {
            installed: installed.contains(&server),
            under_way: under_way.contains(&server),
            problem: catalog::not_installable(&entry.manifest, &providers),
        };
        (&**entry, standing)
    };
    let words = choice.words();
    let chosen =
        offer.iter().filter(|entry| choice.has(&entry.manifest) && entry.has_all(&words)).map(with_standing);
    let mut found: Vec<_> =
        chosen.filter(|(_, standing)| !choice.here || standing.problem.is_none()).collect();
    // What can't be installed comes last; who looks for it finds it all the same.
    found.sort_by_cached_key(|(entry, standing)| {
        (standing.problem.is_some(), entry.manifest.title().to_lowercase())
    });
    Ok(found)
}

fn cards(engine: &Engine, choice: &Choice, found: &[(&Entry, Standing)]) -> Markup {
    let providers = engine.providers.now();
    let next = choice.from.saturating_add(AT_ONCE);
    html! {
        @for (entry, standing) in found.iter().skip(choice.from).take(AT_ONCE) {
            li { (card(entry, standing, &providers)) }
        }
        @if found.len() > next {
            @let path = choice.path_from(next);
            li.more {
                a.button href=(path) hx-get=(path) hx-trigger="revealed" hx-target="closest li" hx-select="#cards > li" hx-swap="outerHTML" {
                    "More"
                }
            }
        }
    }
}

fn nothing(choice: &Choice) -> Markup {
    match choice.is_narrow() {
        true => empty(
            "Nothing fits",
            "No server has all these words and fits the filters.",
            Some(("/catalog", "Show all")),
        ),
        false => empty(
            "The catalog is empty",
            "Add a folder or an address of a catalog in the settings.",
            Some(("/settings", "Settings")),
        ),
    }
}

fn search(offer: &Offer, choice: &Choice) -> Markup {
    let shelves: BTreeSet<_> = offer.iter().filter_map(|entry| entry.manifest.category.as_deref()).collect();
    html! {
        form.search #search role="search" action="/catalog" method="get" hx-get="/catalog" hx-trigger="input delay:120ms, submit"
            hx-target="#results" hx-select="#results" hx-swap="outerHTML" {
            div.field.wide {
                label.hidden for="q" { "Search" }
                input type="search" id="q" name="q" value=(choice.q) placeholder="Search by name, task or service" autocomplete="off" spellcheck="false";
            }
            div.field {
                label.hidden for="category" { "Category" }
                select id="category" name="category" {
                    option value="" { "All categories" }
                    @for shelf in shelves { option value=(shelf) selected[choice.category == shelf] { (shelf) } }
                }
            }
            div.field {
                label.hidden for="needs" { "Account" }
                select id="needs" name="account" {
                    @for (account, text) in [(Account::Any, "Account or not"), (Account::With, "With an account"), (Account::Without, "Without an account")] {
                        option value=(account.as_str()) selected[choice.account == account] { (text) }
                    }
                }
            }
            label.tick { input type="checkbox" name="here" value="true" checked[choice.here]; "Works here" }
            noscript { button.button type="submit" { "Search" } }
        }
    }
}
