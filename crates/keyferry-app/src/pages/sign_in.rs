//! What the person sees after the provider's page has sent them back.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

/// The page at the end of a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInPage {
    /// The tokens are saved.
    Connected,
    /// The person, or the provider, said no.
    Denied,
    /// The person took more than ten minutes.
    Expired,
    /// The response answers no sign-in of ours, or not in the right way.
    Unknown,
    /// The person allowed it, and the exchange or the save failed.
    Failed,
}

/// The digest of the style stands in the policy, so that no other style and no script can run.
const POLICY: &str = "default-src 'none'; style-src 'sha256-STYLE'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "body{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto 0;padding:0 1.5rem;color:#1c2430;background:#fbfbf9}h1{font-size:1.5rem;margin:0 0 .5rem}p{margin:.5rem 0}@media(prefers-color-scheme:dark){body{color:#e6e8ec;background:#14171c}}";

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
        let page = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Keyferry: {title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>"
        );
        let mut response = (status, Html(page)).into_response();
        let headers = response.headers_mut();
        let policy = POLICY.replace("STYLE", &style_digest());
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn style_digest() -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};
    STANDARD.encode(Sha256::digest(STYLE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_page_says_what_happened_and_carries_the_strict_headers() {
        for page in [
            SignInPage::Connected,
            SignInPage::Denied,
            SignInPage::Expired,
            SignInPage::Unknown,
            SignInPage::Failed,
        ] {
            let response = page.into_response();
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
            assert!(
                policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
                "{policy}"
            );
            assert!(!policy.contains("unsafe") && !policy.contains("STYLE"), "{policy}");
            assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
            assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        }
    }
}
