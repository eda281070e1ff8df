//! `/`

use axum::{
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use maud::html;

use super::{
    frame,
    visit::{Visitor, see},
};

/// `GET`: for who has a session, what matters most; for others a fixed text.
pub(super) async fn show(Visitor(visit): Visitor) -> Response {
    let Some(visit) = visit else { return greeting() };
    match visit.engine.vault.server_heads().await {
        Ok(heads) if heads.is_empty() => see("/catalog"),
        Ok(_) => see("/servers"),
        Err(error) => super::failed::Failed::from(error).into_response(),
    }
}

fn greeting() -> Response {
    let body = html! {
        p { "Open its pages with the command " code { "keyferry open" } ": they show what is yours, so a link of your own lets you in." }
        p { code { "keyferry list" } " shows what is installed, " code { "keyferry catalog list" } " what there is, and " code { "keyferry --help" } " the rest." }
    };
    frame::page(StatusCode::OK, "The app runs", &body, frame::Script::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_start_page_says_how_to_go_on_and_runs_no_script() {
        let (status, body) = frame::checked(greeting()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("<code>keyferry open</code>"), "{body}");
        assert!(!body.contains("<script"), "{body}");
    }
}
