//! `/accounts/{id}`

use keyferry_core::id::ConnectionId;
use maud::{Markup, html};

use super::called;
use crate::{
    api::{
        dto::{Connection, ConnectionEvent},
        extract::{Named, Parameters},
        v1::connections::{self, Length},
    },
    pages::{
        failed::{Of, Shown},
        parts::{Kind, Times, badge, button, day, initials, sends},
        shell::{Page, Place},
        visit::Visit,
        words,
    },
};

/// Lines of its history on the page.
const LINES: u32 = 50;

/// `GET`: how it does, what it may, and what happened to it.
pub(in crate::pages) async fn show(visit: Visit, Of(id): Of<ConnectionId>) -> Shown {
    let connection = connections::show(visit.shared(), Named(id.clone())).await?.0;
    let length = Parameters(Length { lines: LINES });
    let history = connections::history(visit.shared(), Named(id), length).await?.0;
    let times = Times::of(visit.engine.clock.now());
    let (tone, word) = words::health(&connection.health);
    let body = html! {
        p.crumbs { a href="/accounts" { "Accounts" } }
        div.title {
            (initials(&connection.provider_display_name))
            div { h1 { (called(&connection)) } p.soft { (connection.provider_display_name) } }
            (badge(tone, word))
        }
        div.columns {
            div {
                section.card aria-labelledby="tokens" {
                    h2 #tokens { "Access" }
                    (facts(&connection, times))
                    div.actions { (turns(&visit, &connection, tone == "bad")) }
                }
                section.card aria-labelledby="history" { h2 #history { "History" } (events(&history.events, times)) }
            }
            div {
                section.card aria-labelledby="scopes" { h2 #scopes { "What it may do" } (scopes(&connection)) }
                section.card aria-labelledby="name" { h2 #name { "Name" } (rename(&visit, &connection)) }
                section.card.quiet aria-labelledby="revoke" {
                    h2 #revoke { "Revoke" }
                    p {
                        @if in_window(&connection) { "Removes the session token here; sign out at the service to end it there." }
                        @else { "Ends the access at the service and removes the tokens here." }
                        " Servers that use it are stopped."
                    }
                    p { a.button.danger href={ "/accounts/" (connection.id) "/revoke" } { "Revoke…" } }
                }
            }
        }
    };
    Ok(visit
        .show(Page::new(Place::Accounts, called(&connection), body).live(&["connection", "server"]))
        .await)
}

fn facts(connection: &Connection, times: Times) -> Markup {
    html! {
        dl {
            dt { "Token ends" }
            dd { @match connection.expires_at { Some(at) => (times.until(at)), None => "the service does not say" } }
            dt { "Next refresh" }
            dd {
                @match connection.next_attempt_at {
                    Some(at) => (times.until(at)),
                    None if connection.refreshable => "when it is needed",
                    None if in_window(connection) => "none: a session is signed in to again",
                    None => "none: the service gave no refresh token",
                }
            }
            @if let Some(at) = connection.refreshed_at { dt { "Last refresh" } dd { (times.since(at)) } }
            dt { "Signed in" } dd { (day(connection.created_at)) }
            @if let Some(failure) = &connection.failure {
                dt { "Last failure" } dd { code { (failure.code) } " " (times.since(failure.at)) @if failure.count > 1 { ", " (failure.count) " in a row" } }
            }
            dt { "Used by" }
            dd {
                @if connection.servers.is_empty() { "no server" }
                @for (index, server) in connection.servers.iter().enumerate() {
                    @if index > 0 { ", " }
                    a href={ "/servers/" (server) } { (server) }
                }
            }
        }
    }
}

fn turns(visit: &Visit, connection: &Connection, needed: bool) -> Markup {
    let path = |verb: &str| format!("/accounts/{}/{verb}", connection.id);
    html! {
        @if in_window(connection) {
            a.button.main[needed] href=(path("sign-in")) { "Sign in again…" }
        } @else {
            (sends(visit, &path("sign-in"), if needed { Kind::Main } else { Kind::Plain }, "Sign in again"))
        }
        @if connection.refreshable && !needed { (sends(visit, &path("refresh"), Kind::Plain, "Refresh now")) }
    }
}

/// Whether one signs in to it in a window of its own.
pub(super) fn in_window(connection: &Connection) -> bool {
    connection.kind == "browser"
}

fn scopes(connection: &Connection) -> Markup {
    html! {
        @if in_window(connection) { p.soft { "What you can do there: a session token has no scopes." } }
        @else if connection.scopes.is_empty() { p.soft { "The service does not say." } }
        ul.plain { @for scope in &connection.scopes { li { (words::in_words(scope)) " " code { (scope) } } } }
        @if !connection.missing_scopes.is_empty() {
            p { strong { "Not granted, though its servers need it:" } }
            ul.plain { @for scope in &connection.missing_scopes { li { (words::in_words(scope)) " " code { (scope) } } } }
        }
    }
}

fn events(events: &[ConnectionEvent], times: Times) -> Markup {
    html! {
        @if events.is_empty() { p.soft { "Nothing yet." } }
        ol.history { @for one in events.iter().rev() { li { span { (words::event(one)) } " " span.soft { (times.since(one.at)) } } } }
    }
}

fn rename(visit: &Visit, connection: &Connection) -> Markup {
    html! {
        form.stack method="post" action={ "/accounts/" (connection.id) "/name" } {
            (visit.form_token())
            div.field {
                label for="label" { "What you call it" }
                input type="text" id="label" name="label" value=(connection.label.as_deref().unwrap_or_default()) autocomplete="off";
            }
            div.actions { (button(Kind::Plain, "Keep the name")) }
        }
    }
}
