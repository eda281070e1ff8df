//! `/clients`

use maud::{Markup, html};

use crate::{
    api::{dto::Client, v1::clients},
    pages::{
        failed::Shown,
        parts::{Kind, badge, initials, sends},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// `GET`: every client that can be set up.
pub(in crate::pages) async fn show(visit: Visit) -> Shown {
    let mut clients = clients::list(visit.shared()).await?.0.clients;
    // Those that are there first; the order is the help's otherwise.
    clients.sort_by_key(|client| (!client.connected, !client.installed));
    let body = html! {
        div.title { h1 { "Clients" } }
        p.lead { "An AI client that is connected reaches all your servers through Keyferry. Its own file gets one entry and no secret; undo takes it out again." }
        ul.cards { @for client in &clients { li { (card(&visit, client)) } } }
    };
    Ok(visit.show(Page::new(Place::Clients, "Clients", body).live(&["clients"])).await)
}

fn card(visit: &Visit, client: &Client) -> Markup {
    let path = |verb: &str| format!("/clients/{}/{verb}", client.name);
    let (tone, word) = match (client.connected, client.installed) {
        (true, _) => ("good", "Connected"),
        (false, true) => ("calm", "Not connected"),
        (false, false) => ("calm", "Not found here"),
    };
    html! {
        article.card .dim[!client.installed && !client.connected] {
            div.title {
                (initials(&client.display_name))
                div { h2 { (client.display_name) } @if let Some(path) = &client.path { p.soft.path { (path.display()) } } }
            }
            p.facts { (badge(tone, word)) }
            div.actions {
                @if client.connected {
                    (sends(visit, &path("disconnect"), Kind::Plain, "Undo"))
                } @else if client.installed {
                    (sends(visit, &path("connect"), Kind::Main, "Connect"))
                }
                @if client.path.is_some() {
                    a.quiet href={ "/clients/" (client.name) } { "What changes" span.hidden { " for " (client.display_name) } }
                }
            }
        }
    }
}
