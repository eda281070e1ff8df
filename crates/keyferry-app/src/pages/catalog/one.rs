//! `/catalog/{name}`

use axum::extract::Query;
use keyferry_core::id::{ManifestName, ServerName};
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    card::{needs, picture},
    form::{Filled, form},
};
use crate::{
    api::{dto::CatalogEntryDetail, extract::Named, v1::catalog},
    catalog::Entry,
    pages::{
        failed::{Of, Shown},
        parts::{problem, prose},
        shell::{Page, Place},
        visit::Visit,
    },
    ticket::Ticket,
};

/// The try before.
#[derive(Debug, Deserialize)]
pub(in crate::pages) struct Again {
    again: Option<String>,
}

/// `GET`: what it is, what it needs, and the form that installs it.
pub(in crate::pages) async fn show(
    visit: Visit,
    Of(name): Of<ManifestName>,
    Query(Again { again }): Query<Again>,
) -> Shown {
    let again = again.and_then(|id| id.parse::<Ticket>().ok());
    let asked = again.and_then(|id| visit.engine.installs.asked(id));
    let filled =
        Filled { asked: asked.as_ref(), again: again.filter(|_| asked.is_some()), ..Filled::default() };
    page(&visit, &name, filled).await
}

/// The page, with a form that is filled already.
pub(super) async fn page(visit: &Visit, name: &ManifestName, filled: Filled<'_>) -> Shown {
    let detail = catalog::show(visit.shared(), Named(name.clone())).await?.0;
    let unknown = || crate::api::ApiError::bad_name("there is no such manifest");
    let offer = visit.engine.catalog.now();
    let entry = offer.get(name).ok_or_else(unknown)?;
    let server = ServerName::from_manifest(&entry.manifest.name);
    let under_way = visit.engine.installs.under_way().into_iter().find(|one| one.server == server);
    let body = html! {
        p.crumbs { a href="/catalog" { "Catalog" } }
        div.title {
            (picture(entry))
            div { h1 { (detail.entry.display_name) } p.soft { (from(&detail)) } }
        }
        div.columns.form {
            section aria-label="Install" {
                @if let Some(one) = &under_way {
                    p.notice.busy { span { "It is being installed at this moment." } a.button.small href={ "/installs/" (one.id) } { "Look" } }
                } @else if detail.entry.installed {
                    p.notice.good { span { "It is installed." } a.button.small href={ "/servers/" (server) } { "Open" } }
                } @else if let Some(why) = &detail.entry.not_installable {
                    (problem(why))
                } @else {
                    (form(visit, entry, &detail, &filled).await?)
                }
            }
            (about(visit, entry, &detail))
        }
    };
    Ok(visit.show(Page::new(Place::Catalog, &detail.entry.display_name, body)).await)
}

fn from(detail: &CatalogEntryDetail) -> String {
    let by = detail.author.as_ref().map(|author| format!("by {author}"));
    let version = detail.entry.version.as_ref().map(|version| format!("version {version}"));
    let source = Some(detail.entry.source.clone());
    [by, version, source].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn about(visit: &Visit, entry: &Entry, detail: &CatalogEntryDetail) -> Markup {
    let text = detail.long_description.as_ref().or(detail.entry.description.as_ref());
    let providers = visit.engine.providers.now();
    html! {
        aside.card aria-labelledby="about" {
            h2 #about { "About it" }
            @if let Some(text) = text {
                @for part in text.split("\n\n").filter(|part| !part.trim().is_empty()) { p { (prose(part)) } }
            }
            ul.needs { @for need in needs(&entry.manifest, &providers) { li { (need) } } }
            @if let Some(page) = &detail.documentation_url {
                p {
                    @if page.starts_with("https://") {
                        a href=(page) target="_blank" rel="noopener noreferrer" { "Read more" span.hidden { " (in a new tab)" } }
                    } @else { "Read more: " (page) }
                }
            }
            @if !detail.tools.is_empty() {
                h3 { "Tools that it announces" }
                ul.plain { @for tool in &detail.tools { li { code { (tool.name) } @if let Some(text) = &tool.description { " " span.soft { (text) } } } } }
            }
            @if let Some(command) = &detail.command {
                h3 { "What will run" }
                pre tabindex="0" { code { (command) } }
            }
        }
    }
}
