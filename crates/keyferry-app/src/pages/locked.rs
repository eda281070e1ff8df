//! What a browser without a session gets.

use axum::{http::StatusCode, response::Response};
use maud::html;

use super::frame;

/// 401: how to get in.
pub(crate) fn locked() -> Response {
    let body = html! {
        p { "These pages need a session, and this browser has none, or it has ended." }
        p { "Open them with the command " code { "keyferry open" } "." }
    };
    frame::page(StatusCode::UNAUTHORIZED, "Not open here", &body, frame::Script::None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_has_no_session_is_told_how_to_get_one() {
        let (status, body) = frame::checked(locked()).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(body.contains("<code>keyferry open</code>"), "{body}");
    }
}
