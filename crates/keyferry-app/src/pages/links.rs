//! `/open/{code}`

use axum::{
    extract::{Path, State},
    http::{StatusCode, header},
    response::Response,
};
use maud::html;

use super::frame;
use crate::{
    api::Shared,
    sessions::{CookieName, set_cookie},
};

/// `GET`: spends a one-time link for a session. The one read that changes something: the code is what it changes.
///
/// Whatever leads here may be another site to the browser, a file most often, and so would be whatever a redirect leads to: the cookie
/// would not come along. A page of ours that goes on by itself is no other site.
pub(super) async fn open(State(engine): Shared, Path(code): Path<String>) -> Response {
    let cookie = engine.sessions.redeem(&code, &engine.entropy);
    let name = CookieName::of(engine.address.port());
    match cookie.and_then(|cookie| set_cookie(&name, &cookie)) {
        Some(cookie) => {
            let mut response = entered();
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        None => spent(),
    }
}

fn entered() -> Response {
    let body = html! { p.go { a href="/" { "Go on" } } };
    frame::page(StatusCode::OK, "Welcome", &body, frame::Script::Leads("/"))
}

fn spent() -> Response {
    let body = html! {
        p { "It opens the pages once, within five minutes. This one was opened before, or is too old." }
        p { "Get another with the command " code { "keyferry open" } "." }
    };
    frame::page(StatusCode::FORBIDDEN, "This link is spent", &body, frame::Script::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_is_let_in_goes_on_without_a_script() {
        let (status, body) = frame::checked(entered()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("http-equiv=\"refresh\" content=\"0; url=/\""), "{body}");
    }

    #[tokio::test]
    async fn a_spent_link_says_how_to_get_another() {
        let (status, body) = frame::checked(spent()).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
        assert!(body.contains("<code>keyferry open</code>"), "{body}");
    }
}
