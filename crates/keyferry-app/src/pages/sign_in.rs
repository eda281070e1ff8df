//! What the person sees after the provider's page has sent them back.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};

use maud::html;

use super::frame;

/// The page at the end of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInPage {
    /// The tokens are saved.
    Connected,
    /// The person said no.
    Denied,
    /// The provider refused for another reason, or its answer makes no sense.
    Refused,
    /// The person took more than ten minutes.
    Expired,
    /// The response answers no sign-in of ours, or not in the right way.
    Unknown,
    /// The person allowed it, and the exchange or the save failed.
    Failed,
}

/// Takes the query, and so the code, out of the address bar and the browser's history (RFC 9700 §4.3.1). Reads nothing of it.
const SCRIPT: &str = "history.replaceState(null,'',location.pathname)";

impl SignInPage {
    const fn texts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Connected => (
                StatusCode::OK,
                "Connected",
                "Your account is connected. You can close this page; Keyferry goes on by itself.",
            ),
            Self::Denied => (
                StatusCode::OK,
                "Not connected",
                "The service says that access was not allowed. Nothing was saved. To try again, start the sign-in in Keyferry once more.",
            ),
            Self::Refused => (
                StatusCode::OK,
                "Not connected",
                "The service did not give access, and not because you said no. Nothing was saved. Keyferry shows why, and what to do.",
            ),
            Self::Expired => (
                StatusCode::BAD_REQUEST,
                "Too late",
                "This sign-in was begun more than ten minutes ago. Start it in Keyferry once more.",
            ),
            Self::Unknown => (
                StatusCode::BAD_REQUEST,
                "No sign-in waits for this page",
                "It may be finished already, or Keyferry was started again in between. Start the sign-in in Keyferry once more. If you began none, someone may have sent you a link: close this page.",
            ),
            Self::Failed => (
                StatusCode::BAD_GATEWAY,
                "Not connected",
                "You allowed access, and the last step did not work. Keyferry shows why, and what to do.",
            ),
        }
    }
}

impl IntoResponse for SignInPage {
    fn into_response(self) -> Response {
        let (status, title, text) = self.texts();
        let body = html! {
            p { (text) }
            p.go { a href="/" { "Back to Keyferry" } }
        };
        frame::page(status, title, &body, frame::Script::Text(SCRIPT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_page_says_what_happened_and_what_to_do() {
        let table = [
            (SignInPage::Connected, 200, "Connected", "You can close this page"),
            (SignInPage::Denied, 200, "Not connected", "start the sign-in in Keyferry once more"),
            (SignInPage::Refused, 200, "Not connected", "Keyferry shows why"),
            (SignInPage::Expired, 400, "Too late", "Start it in Keyferry once more"),
            (SignInPage::Unknown, 400, "No sign-in waits for this page", "close this page"),
            (SignInPage::Failed, 502, "Not connected", "Keyferry shows why"),
        ];
        for (page, expected, title, text) in table {
            let (status, body) = frame::checked(page.into_response()).await;
            assert_eq!(status, expected, "{page:?}");
            assert!(body.contains(&format!("<h1>{title}</h1>")) && body.contains(text), "{body}");
            assert!(body.contains("<script>history.replaceState"), "the code leaves the address bar: {body}");
        }
    }
}
