//! `/sign-ins/{id}`: a sign-in under way.

use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use super::{
    failed::{Of, Shown},
    form::{Fields, Sent},
    parts::{Kind, problem, prose, sends},
    shell::{Page, Place},
    visit::{Visit, see},
};
use crate::{
    api::{
        dto::{SignIn, SignInRequest, SignInState, SignInWindow, WindowChoice},
        extract::{Body, Named, Parameters},
        v1::sign_ins::{self, Wait},
    },
    sessions::Notice,
    ticket::Ticket,
};

/// What the names of a provider's own questions begin with.
pub(super) const CONFIG: &str = "config.";
const AGREED: &str = "agreed";
const KEPT: &str = "keep_signed_in";

/// `POST /providers/{name}/sign-in`: begins one for a new account.
pub(super) async fn begin(Of(name): Of<keyferry_core::id::ProviderName>, sent: Sent) -> Response {
    let request = SignInRequest {
        provider: Some(name.to_string()),
        config: config(&sent.fields, CONFIG),
        window: window(&sent.fields),
        open_browser: true,
        ..SignInRequest::default()
    };
    match sign_ins::begin(sent.visit.shared(), Body(request)).await {
        Ok(sign_in) => see(&format!("/sign-ins/{}", sign_in.id)),
        Err(error) => sent.visit.go(&format!("/providers/{name}"), error),
    }
}

/// What the person is told before a window opens, and what they say to it. `kept` is whether they are signed in there still.
pub(super) fn consent(told: &[String], required: bool, kept: bool) -> Markup {
    html! {
        details.more open {
            summary { "What the window reads, and where it goes" }
            div.told { @for line in told { p { (prose(line)) } } }
        }
        label.choice {
            input type="checkbox" name=(AGREED) value="yes" required[required];
            span { strong { "I want that" } span.soft { "The window opens only then" } }
        }
        label.choice {
            input type="checkbox" name=(KEPT) value="yes" checked[kept];
            span {
                strong { "Stay signed in there" }
                span.soft { "The window keeps its cookies on this machine, so that the next sign-in is a click" }
            }
        }
    }
}

/// What was said to it.
pub(super) fn window(fields: &Fields) -> WindowChoice {
    WindowChoice { agreed: fields.one(AGREED).is_some(), keep_signed_in: Some(fields.one(KEPT).is_some()) }
}

/// What a provider asks of the person, in fields whose names begin like this.
pub(super) fn config(fields: &Fields, prefix: &str) -> std::collections::BTreeMap<String, String> {
    fields.below(prefix).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// `GET`: where it stands; the account, once there is one.
pub(super) async fn show(visit: Visit, Of(ticket): Of<Ticket>) -> Shown {
    let wait = Parameters(Wait { wait: 0, after: None });
    let sign_in = sign_ins::show(visit.shared(), Named(ticket), wait).await?.0;
    if let (SignInState::Done, Some(connection)) = (sign_in.state, &sign_in.connection) {
        let to = format!("/accounts/{connection}");
        let there = visit.go(&to, Notice::good("You are signed in, and the account is kept"));
        // A script would follow a redirect by itself, and show the account at this address.
        return Ok(if visit.by_script { [("hx-redirect", to)].into_response() } else { there });
    }
    let body = html! {
        p.crumbs { a href="/accounts" { "Accounts" } }
        h1 { "Sign in" }
        section.card #sign-in aria-live="polite" data-moving=[sign_in.error.is_none().then_some("sign_in")] {
            @match (&sign_in.authorization_url, &sign_in.error) {
                (Some(url), _) => {
                    p { "Say at the service that Keyferry may have access. This page goes on by itself when you have." }
                    p { a.button.main href=(url) target="_blank" rel="noopener" { "Go to the service" } }
                    div.actions { (sends(&visit, &format!("/sign-ins/{ticket}/cancel"), Kind::Plain, "Cancel")) }
                }
                (None, Some(error)) => {
                    (problem(error))
                    @if let Some(window) = &sign_in.window { (kept_from(window)) }
                    div.actions {
                        a.button.main href=(from(&sign_in)) { "Try again" }
                        a.button href="/accounts" { "To the accounts" }
                    }
                }
                (None, None) => {
                    @match &sign_in.window {
                        Some(window) => (in_window(window)),
                        None => p { "One moment." },
                    }
                    div.actions { (sends(&visit, &format!("/sign-ins/{ticket}/cancel"), Kind::Plain, "Cancel")) }
                }
            }
        }
    };
    Ok(visit.show(Page::new(Place::Accounts, "Sign in", body).live(&["sign_in"])).await)
}

/// The page from which it was begun.
fn from(sign_in: &SignIn) -> String {
    match &sign_in.renewed {
        Some(connection) => format!("/accounts/{connection}/sign-in"),
        None => format!("/providers/{}", sign_in.provider),
    }
}

/// A window in which the person is to sign in.
pub(super) fn in_window(window: &SignInWindow) -> Markup {
    html! {
        p { "Sign in in the window that has opened. It closes by itself, and this page goes on, when you have." }
        @if !window.missing.is_empty() {
            p { "You are signed in there, and the page does not hold yet: " @for (index, name) in window.missing.iter().enumerate() { @if index > 0 { ", " } code { (name) } } }
        }
        (kept_from(window))
    }
}

/// Where a window was kept from going, each with its reason.
pub(super) fn kept_from(window: &SignInWindow) -> Markup {
    html! {
        @if !window.refused.is_empty() {
            p { "The window was kept from these, by the rules of its provider:" }
            ul.plain {
                @for place in &window.refused {
                    li {
                        code { (place.host) } " "
                        span.soft { @if place.part == "frame" { "in a frame of the page; " } (place.text) }
                    }
                }
            }
        }
    }
}

/// `POST …/cancel`: ends it.
pub(super) async fn cancel(Of(ticket): Of<Ticket>, sent: Sent) -> Response {
    let outcome = sign_ins::cancel(sent.visit.shared(), Named(ticket)).await;
    sent.visit.done("/accounts", outcome, |_| "The sign-in is cancelled".to_owned())
}
