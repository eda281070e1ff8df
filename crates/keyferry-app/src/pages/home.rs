//! What the person sees at the app's own address.

use axum::{http::StatusCode, response::Response};

use super::frame;

const TEXT: &str = "<p>Use it with the command <code>keyferry</code>.</p>\
    <p><code>keyferry list</code> shows what is installed, <code>keyferry catalog list</code> what there is, \
    and <code>keyferry --help</code> the rest.</p>";

/// The start page: a fixed text, since it can be had without a token.
pub(crate) fn home() -> Response {
    frame::page(StatusCode::OK, "The app runs", TEXT, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_start_page_says_how_to_go_on_and_runs_no_script() {
        let (status, body) = frame::checked(home()).await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("<code>keyferry --help</code>"), "{body}");
        assert!(!body.contains("<script"), "{body}");
    }
}
