//! `/installs/{id}`: an install as it happens.

mod steps;

use axum::response::Response;
use maud::{Markup, html};

use super::{
    failed::{Of, Shown},
    form::Sent,
    parts::{Kind, initials, problem, sends},
    shell::{Page, Place},
    sign_ins::{in_window, kept_from},
    visit::{Visit, see},
};
use crate::{
    api::{
        dto::{Install, InstallState, ManifestChoice},
        extract::{Named, Parameters},
        v1::installs::{self, Wait},
    },
    install,
    ticket::Ticket,
};

/// `GET`: its steps so far, and what the person is to do.
pub(super) async fn show(visit: Visit, Of(ticket): Of<Ticket>) -> Shown {
    let now = Parameters(Wait::default());
    let install = installs::show(visit.shared(), Named(ticket), now).await?.0;
    let title = match install.state {
        InstallState::Done => "Installed",
        InstallState::Failed => "Not installed",
        InstallState::Working | InstallState::WaitingForPerson => "Installing",
    };
    let body = html! {
        p.crumbs { a href="/catalog" { "Catalog" } a href="/servers" { "Servers" } }
        div.title { (initials(&install.server)) div { h1 { (title) } p.soft { (install.server) } } }
        section.card aria-label="Steps" data-moving=[(!install.state.is_over()).then_some("install")] {
            div #steps aria-live="polite" { (steps::steps(&install)) }
            (next(&visit, &install, ticket))
        }
        details.more { summary { "What runs" } pre tabindex="0" { code { (install.command) } } }
        @if !install.state.is_over() { noscript { p { a.button href="" { "Look again" } } } }
    };
    Ok(visit
        .show(Page::new(Place::Catalog, format!("{title}: {}", install.server), body).live(&["install"]))
        .await)
}

/// What the person is to do.
fn next(visit: &Visit, install: &Install, ticket: Ticket) -> Markup {
    let path = |verb: &str| format!("/installs/{ticket}/{verb}");
    html! {
        div #next {
            @match install.state {
                InstallState::WaitingForPerson => {
                    @match &install.window {
                        Some(window) => (in_window(window)),
                        None => p { "Say at the service that Keyferry may have access. This page goes on by itself when you have." },
                    }
                    div.actions {
                        @if let Some(url) = &install.authorization_url {
                            a.button.main href=(url) target="_blank" rel="noopener" { "Allow access" span.hidden { " (in a new tab)" } }
                        }
                        (sends(visit, &path("cancel"), Kind::Plain, "Cancel"))
                    }
                }
                InstallState::Working => div.actions { (sends(visit, &path("cancel"), Kind::Plain, "Cancel")) },
                InstallState::Done => {
                    div.actions {
                        a.button.main href={ "/servers/" (install.server) "/tools" } { "Try its tools" }
                        a.button href="/clients" { "Connect an AI client" }
                    }
                }
                InstallState::Failed => {
                    @if let Some(why) = &install.error { (problem(why)) }
                    @if let Some(window) = &install.window { (kept_from(window)) }
                    p.soft { "Nothing is left half-installed. A new try goes on with the account that you have allowed." }
                    div.actions {
                        (sends(visit, &path("retry"), Kind::Main, "Try again"))
                        @if let Some(ManifestChoice::Named(name)) = visit.engine.installs.asked(ticket).map(|asked| asked.manifest) {
                            a.button href={ "/catalog/" (name) "?again=" (ticket) } { "Change the settings" }
                        }
                    }
                }
            }
        }
    }
}

/// `POST …/retry`: tries once more, from where it stopped.
pub(super) async fn retry(Of(ticket): Of<Ticket>, sent: Sent) -> Response {
    match install::retry(&sent.visit.engine, ticket).await {
        Ok(install) => see(&format!("/installs/{}", install.id)),
        Err(error) => sent.visit.go(&format!("/installs/{ticket}"), error),
    }
}

/// `POST …/cancel`: ends it.
pub(super) async fn cancel(Of(ticket): Of<Ticket>, sent: Sent) -> Response {
    let outcome = installs::cancel(sent.visit.shared(), Named(ticket)).await;
    sent.visit.done(&format!("/installs/{ticket}"), outcome, |_| "The install is cancelled".to_owned())
}
