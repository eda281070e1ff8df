//! `/settings/sources`: where manifests come from.

use axum::response::Response;
use maud::{Markup, html};

use crate::{
    api::{
        dto::{CatalogRefreshRequest, CatalogSource, CatalogSourceKind, CatalogSourceRequest},
        extract::{Body, Named},
        sources,
    },
    catalog::SourceId,
    pages::{
        failed::Of,
        form::Sent,
        parts::{Kind, Times, button, plural, problems, sends},
        visit::Visit,
    },
};

/// The sources, and a form for another.
pub(super) async fn section(visit: &Visit, times: Times) -> Markup {
    let sources = sources::list(visit.shared()).await.0.sources;
    html! {
        section.card aria-labelledby="sources" {
            h2 #sources { "Catalog sources" }
            ul.rows { @for source in &sources { li { (row(visit, source, times)) } } }
            form.stack method="post" action="/settings/sources" {
                (visit.form_token())
                div.field {
                    label for="place" { "Add a folder or an address" }
                    input type="text" id="place" name="place" required autocomplete="off" spellcheck="false" placeholder="https://… or /the/whole/path";
                }
                div.actions {
                    (button(Kind::Plain, "Add"))
                    button.button type="submit" formaction="/settings/sources/refresh" formnovalidate { "Look again" }
                }
            }
        }
    }
}

fn row(visit: &Visit, source: &CatalogSource, times: Times) -> Markup {
    let kind = match source.kind {
        CatalogSourceKind::BuiltIn => "Built in",
        CatalogSourceKind::Own => "Your own folder",
        CatalogSourceKind::Folder => "Folder",
        CatalogSourceKind::Url => "List",
    };
    html! {
        div.title {
            div {
                p { strong { (kind) } span.soft { " · " (plural(source.manifests, "server")) } }
                @if source.kind != CatalogSourceKind::BuiltIn { p.soft.path { (source.place) } }
                @if let Some(at) = source.checked_at {
                    p.soft { "Fetched " (times.since(at)) @if source.is_old { "; it could not be had since" } }
                }
            }
            @if source.removable { (sends(visit, &format!("/settings/sources/{}/remove", source.id), Kind::Plain, "Remove")) }
        }
        (problems(&source.problems))
    }
}

/// `POST`: adds one.
pub(in crate::pages) async fn add(sent: Sent) -> Response {
    let place = sent.fields.filled("place").unwrap_or_default().to_owned();
    let outcome = sources::add(sent.visit.shared(), Body(CatalogSourceRequest { place })).await;
    sent.visit.done("/settings", outcome, |(_, added)| {
        format!("The source is added, with {}", plural(added.0.manifests, "server"))
    })
}

/// `POST …/refresh`: looks at all of them again.
pub(in crate::pages) async fn refresh(sent: Sent) -> Response {
    let outcome = sources::refresh(sent.visit.shared(), Body(CatalogRefreshRequest::default())).await;
    sent.visit.done("/settings", outcome, |_| "The sources were looked at again".to_owned())
}

/// `POST …/{id}/remove`: takes one away.
pub(in crate::pages) async fn remove(Of(id): Of<SourceId>, sent: Sent) -> Response {
    let outcome = sources::remove(sent.visit.shared(), Named(id)).await;
    sent.visit
        .done("/settings", outcome, |_| "The source is removed; what was installed from it stays".to_owned())
}
