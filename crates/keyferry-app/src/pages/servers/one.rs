//! `/servers/{name}`

use keyferry_core::id::ServerName;
use maud::{Markup, html};

use super::{Tab, head, list::runtime};
use crate::{
    api::{
        dto::{Server, ServerConnection, ServerState},
        extract::Named,
        v1::servers,
    },
    pages::{
        failed::{Of, Shown},
        parts::{Kind, Times, day, plural, problem, sends},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// `GET`: how it does, and what can be done with it.
pub(in crate::pages) async fn show(visit: Visit, Of(name): Of<ServerName>) -> Shown {
    let server = servers::show(visit.shared(), Named(name)).await?.0;
    let times = Times::of(visit.engine.clock.now());
    let body = html! {
        (head(&server, Tab::Overview))
        @if let Some(why) = &server.problem { (problem(why)) }
        div.columns {
            section.card aria-labelledby="state" {
                h2 #state { "State" }
                (facts(&server, times))
                div.actions { (turns(&visit, &server)) }
            }
            section.card aria-labelledby="account" {
                h2 #account { "Account" }
                (account(server.connection.as_ref(), times))
            }
        }
        section.card.quiet aria-labelledby="remove" {
            h2 #remove { "Uninstall" }
            p { "Stops the server and removes it. What becomes of its account is shown before anything happens." }
            p { a.button.danger href={ "/servers/" (server.name) "/uninstall" } { "Uninstall…" } }
        }
    };
    Ok(visit.show(Page::new(Place::Servers, &server.display_name, body).live(&["server"])).await)
}

fn facts(server: &Server, times: Times) -> Markup {
    html! {
        dl {
            @if let Some(since) = server.running_since { dt { "Running since" } dd { (times.since(since)) } }
            dt { "Runs" }
            dd {
                (runtime(server))
                @if let Some(pid) = server.pid { " (number " (pid) ")" }
                @if let Some(network) = &server.network { ", network: " (network) }
            }
            dt { "Started again" } dd { (plural(server.restarts as usize, "time")) " since the app began" }
            @if let Some(count) = server.tool_count {
                dt { "Tools" } dd { a href={ "/servers/" (server.name) "/tools" } { (plural(count, "tool")) } }
            }
            dt { "Installed" } dd { (day(server.installed_at)) }
        }
    }
}

fn turns(visit: &Visit, server: &Server) -> Markup {
    let path = |verb: &str| format!("/servers/{}/{verb}", server.name);
    html! {
        @match server.state {
            ServerState::Running | ServerState::Starting => {
                (sends(visit, &path("restart"), Kind::Plain, "Start anew"))
                (sends(visit, &path("stop"), Kind::Plain, "Stop"))
            }
            ServerState::Stopped | ServerState::Failed => (sends(visit, &path("start"), Kind::Main, "Start")),
        }
    }
}

fn account(connection: Option<&ServerConnection>, times: Times) -> Markup {
    html! {
        @match connection {
            None => p { "This server needs no account." },
            Some(connection) => {
                dl {
                    dt { "Service" } dd { (connection.provider) }
                    @if let Some(account) = &connection.account { dt { "Account" } dd { (account) } }
                    @if let Some(since) = connection.token_since { dt { "Token since" } dd { (times.since(since)) } }
                    @if let Some(until) = connection.token_until { dt { "Token ends" } dd { (times.until(until)) } }
                }
                p { a href={ "/accounts/" (connection.id) } { "Show this account" } }
            }
        }
    }
}
