//! `/servers/{name}/uninstall`

use axum::response::Response;
use keyferry_core::id::{ConnectionId, ServerName};
use maud::{Markup, html};

use crate::{
    api::{ApiError, dto::UninstallReport, extract::Named, v1::servers},
    engine::Engine,
    install,
    pages::{
        failed::{Of, Shown},
        form::Sent,
        parts::{Kind, sends},
        shell::{Page, Place},
        visit::Visit,
    },
};

/// `GET`: what would happen.
pub(in crate::pages) async fn ask(visit: Visit, Of(name): Of<ServerName>) -> Shown {
    let head = visit.engine.head(&name).await?;
    let title = servers::show(visit.shared(), Named(name.clone())).await;
    let title = title.map_or_else(|_| name.to_string(), |server| server.0.display_name);
    let told = match &head.connection {
        None => html! { li { "It uses no account, so there is none to end." } },
        Some(id) => fate(&visit.engine, &name, id).await?,
    };
    let body = html! {
        p.crumbs { a href="/servers" { "Servers" } a href={ "/servers/" (name) } { (title) } }
        h1 { "Uninstall " (title) "?" }
        section.card {
            ul.plain {
                li { "The server is stopped. Its settings, its log and its own folder are removed." }
                (told)
            }
            div.actions {
                (sends(&visit, &format!("/servers/{name}/uninstall"), Kind::Danger, "Uninstall"))
                a.button href={ "/servers/" (name) } { "Keep it" }
            }
        }
    };
    Ok(visit.show(Page::new(Place::Servers, format!("Uninstall {title}"), body)).await)
}

/// What becomes of its connection.
async fn fate(engine: &Engine, name: &ServerName, id: &ConnectionId) -> Result<Markup, ApiError> {
    let others: Vec<_> = engine.vault.servers_of(id).await?.into_iter().filter(|user| user != name).collect();
    let provider = engine.connections.provider_of(id).await?;
    let file = engine.providers.get(&provider);
    let service = file.as_ref().map_or_else(|| provider.to_string(), |file| file.display_name.clone());
    let account = engine.connections.get(id).await.ok().and_then(|record| record.account);
    let can_revoke =
        file.as_ref().and_then(|file| file.oauth()).is_some_and(|oauth| oauth.revocation.is_some());
    Ok(html! {
        li {
            @if let Some(other) = others.first() {
                "The account at " strong { (service) } " stays, for " (other) " uses it too."
            } @else if can_revoke {
                "The account at " strong { (service) } @if let Some(account) = account { " (" (account) ")" }
                " is revoked: the service ends the access, and the tokens are gone here."
            } @else {
                "The tokens for the account at " strong { (service) } " are removed here. The service has no way to be told: end the access on its own page as well."
            }
        }
    })
}

/// `POST`: does it.
pub(in crate::pages) async fn uninstall(Of(name): Of<ServerName>, sent: Sent) -> Response {
    match install::uninstall(&sent.visit.engine, &name).await {
        Ok(report) => sent.visit.done("/servers", Ok(report), |report| word(&report)),
        Err(error) => sent.visit.go(&format!("/servers/{name}"), error),
    }
}

fn word(report: &UninstallReport) -> String {
    match &report.connection {
        Some(connection) => format!("{} is uninstalled. Its account: {}", report.server, connection.text),
        None => format!("{} is uninstalled", report.server),
    }
}
