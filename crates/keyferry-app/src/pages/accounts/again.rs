//! `/accounts/{id}/sign-in`

use axum::response::Response;
use keyferry_core::id::ConnectionId;
use maud::html;

use super::called;
use crate::{
    api::{
        dto::SignInRequest,
        extract::{Body, Named},
        v1::{connections, sign_ins},
    },
    browser::told,
    pages::{
        failed::{Of, Shown},
        form::Sent,
        parts::{Kind, button},
        shell::{Page, Place},
        sign_ins::{consent, window},
        visit::{Visit, see},
    },
};

/// `GET`: what a window would read, each time anew, and whether that is wanted.
pub(in crate::pages) async fn ask(visit: Visit, Of(id): Of<ConnectionId>) -> Shown {
    let connection = connections::show(visit.shared(), Named(id.clone())).await?.0;
    let kept = connection.stays_signed_in;
    let provider = visit.engine.connections.provider_of(&id).await?;
    let file = visit.engine.providers.get(&provider);
    let told = file.map(|file| told(&file, kept)).unwrap_or_default();
    let name = called(&connection);
    let body = html! {
        p.crumbs { a href="/accounts" { "Accounts" } a href={ "/accounts/" (id) } { (name) } }
        h1 { "Sign in again" }
        form.stack.card method="post" action={ "/accounts/" (id) "/sign-in" } {
            (visit.form_token())
            p { "Its servers go on with the new access. What there is stays until then." }
            @if !told.is_empty() { (consent(&told, true, kept)) }
            div.actions {
                (button(Kind::Main, if told.is_empty() { "Sign in" } else { "Open the window" }))
                a.button href={ "/accounts/" (id) } { "Not now" }
            }
        }
    };
    Ok(visit.show(Page::new(Place::Accounts, format!("Sign in again: {name}"), body)).await)
}

/// `POST`: begins it.
pub(in crate::pages) async fn sign_in(Of(id): Of<ConnectionId>, sent: Sent) -> Response {
    let request = SignInRequest {
        connection: Some(id.to_string()),
        window: window(&sent.fields),
        open_browser: true,
        ..SignInRequest::default()
    };
    match sign_ins::begin(sent.visit.shared(), Body(request)).await {
        Ok(sign_in) => see(&format!("/sign-ins/{}", sign_in.id)),
        Err(error) => sent.visit.go(&format!("/accounts/{id}"), error),
    }
}
