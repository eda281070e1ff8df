//! `/accounts`

use maud::{Markup, html};

use super::called;
use crate::{
    api::{dto::Connection, v1::connections},
    pages::{
        failed::Shown,
        parts::{Times, badge, empty, initials, problems},
        shell::{Page, Place},
        visit::Visit,
        words,
    },
};

/// `GET`: every account.
pub(in crate::pages) async fn show(visit: Visit) -> Shown {
    let list = connections::list(visit.shared()).await?.0;
    let times = Times::of(visit.engine.clock.now());
    let body = html! {
        div.title { h1 { "Accounts" } @if !list.connections.is_empty() { a.button href="/providers" { "Add an account" } } }
        (problems(&list.problems))
        @if list.connections.is_empty() && list.problems.is_empty() {
            (empty("No account yet", "An account is added when you install a server that needs one: you sign in at the service itself, and Keyferry keeps the access fresh.", Some(("/catalog", "Browse the catalog"))))
        }
        ul.cards { @for connection in &list.connections { li { (card(connection, times)) } } }
    };
    Ok(visit.show(Page::new(Place::Accounts, "Accounts", body).live(&["connection", "server"])).await)
}

fn card(connection: &Connection, times: Times) -> Markup {
    let (tone, word) = words::health(&connection.health);
    html! {
        article.card {
            div.title {
                (initials(&connection.provider_display_name))
                div {
                    h2 { a.whole href={ "/accounts/" (connection.id) } { (called(connection)) } }
                    p.soft { (connection.provider_display_name) }
                }
            }
            p.facts {
                (badge(tone, word))
                @if let Some(until) = connection.expires_at.filter(|_| tone != "bad") { span { "token ends " (times.until(until)) } }
            }
            p.soft {
                @match connection.servers.as_slice() {
                    [] => "No server uses it",
                    servers => { "Used by " (servers.join(", ")) }
                }
            }
        }
    }
}
