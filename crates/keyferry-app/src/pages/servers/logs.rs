//! `/servers/{name}/logs`

use axum::response::{Html, IntoResponse as _};
use keyferry_core::id::ServerName;
use maud::{Markup, html};
use serde::Deserialize;

use super::{Tab, head};
use crate::{
    api::{
        dto::ServerLogs,
        extract::{Named, Parameters},
        v1::servers::{self, Lines},
    },
    pages::{
        failed::{Of, Shown},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// Lines that the page shows at first.
const FIRST: usize = 500;

/// Seconds that a request waits for more.
const WAIT: u64 = 25;

/// Where the lines end that the page has.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::pages) struct After {
    after: String,
}

/// `GET`: the end of its log, which grows while the page is open.
pub(in crate::pages) async fn show(visit: Visit, Of(name): Of<ServerName>) -> Shown {
    let server = servers::show(visit.shared(), Named(name.clone())).await?.0;
    let logs = servers::logs(visit.shared(), Named(name), Parameters(Lines::last(FIRST))).await?.0;
    let body = html! {
        (head(&server, Tab::Logs))
        section.card aria-labelledby="log-title" {
            h2 #log-title { "What it writes" }
            p.soft { "The server's own words, as they come. Secrets that Keyferry knows are masked." }
            div.log #log hx-morph-skip role="log" aria-labelledby="log-title" tabindex="0" {
                @if logs.lines.is_empty() { p.soft #log-empty { "Nothing yet." } }
                (lines(&logs))
            }
        }
    };
    Ok(visit.show(Page::new(Place::Servers, format!("Logs of {}", server.display_name), body)).await)
}

/// `GET …/more?after=CURSOR`: what came since, as soon as something did.
pub(in crate::pages) async fn more(
    visit: Visit,
    Of(name): Of<ServerName>,
    Parameters(After { after }): Parameters<After>,
) -> Shown {
    let wanted = Parameters(Lines::after(after, WAIT));
    let logs = servers::logs(visit.shared(), Named(name), wanted).await?.0;
    Ok(Html(lines(&logs).into_string()).into_response())
}

/// Lines, and what asks for the next ones.
fn lines(logs: &ServerLogs) -> Markup {
    html! {
        @for line in &logs.lines { div { (line) } }
        div.more hx-get={ "/servers/" (logs.server) "/logs/more?after=" (logs.cursor) } hx-trigger="load" hx-swap="outerHTML" {}
    }
}
