//! `/accounts/{id}/revoke`

use axum::response::Response;
use keyferry_core::id::ConnectionId;
use maud::html;

use super::{called, one::in_window};
use crate::{
    api::{extract::Named, v1::connections},
    pages::{
        failed::{Of, Shown},
        form::Sent,
        parts::{Kind, sends},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// `GET`: what would happen.
pub(in crate::pages) async fn ask(visit: Visit, Of(id): Of<ConnectionId>) -> Shown {
    let connection = connections::show(visit.shared(), Named(id)).await?.0;
    let name = called(&connection);
    let body = html! {
        p.crumbs { a href="/accounts" { "Accounts" } a href={ "/accounts/" (connection.id) } { (name) } }
        h1 { "Revoke " (name) "?" }
        section.card {
            ul.plain {
                @if in_window(&connection) {
                    li { "The session token is gone here. " strong { (connection.provider_display_name) } " can't be told: sign out there to end it." }
                } @else {
                    li { strong { (connection.provider_display_name) } " is told to end the access, and the tokens are gone here." }
                }
                @match connection.servers.as_slice() {
                    [] => li { "No server uses it." },
                    servers => li { "Stopped, and without an account until you install them anew: " (servers.join(", ")) "." }
                }
            }
            div.actions {
                (sends(&visit, &format!("/accounts/{}/revoke", connection.id), Kind::Danger, "Revoke"))
                a.button href={ "/accounts/" (connection.id) } { "Keep it" }
            }
        }
    };
    Ok(visit.show(Page::new(Place::Accounts, format!("Revoke {name}"), body)).await)
}

/// `POST`: does it.
pub(in crate::pages) async fn revoke(Of(id): Of<ConnectionId>, sent: Sent) -> Response {
    let outcome = connections::revoke(sent.visit.shared(), Named(id)).await;
    sent.visit.done("/accounts", outcome, |report| report.0.text)
}
