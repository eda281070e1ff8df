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

/// The digests of the one style and the one script stand in the policy, so that no other can run.
const POLICY: &str = "default-src 'none'; style-src 'sha256-STYLE'; script-src 'sha256-SCRIPT'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Takes the query, and so the code, out of the address bar and the browser's history (RFC 9700 §4.3.1). Reads nothing of it.
const SCRIPT: &str = "history.replaceState(null,'',location.pathname)";

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
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Keyferry: {title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{text}</p></main><script>{SCRIPT}</script></body></html>"
        );
        let mut response = (status, Html(page)).into_response();
        let headers = response.headers_mut();
        let policy = POLICY.replace("STYLE", &digest(STYLE)).replace("SCRIPT", &digest(SCRIPT));
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn digest(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use sha2::{Digest as _, Sha256};
    STANDARD.encode(Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn body(page: SignInPage) -> String {
        let bytes = axum::body::to_bytes(page.into_response().into_body(), 64 * 1024).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn each_page_says_what_happened_and_what_to_do() {
        let table = [
            (SignInPage::Connected, 200, "Connected", "You can close this page"),
            (SignInPage::Denied, 200, "Not connected", "start the sign-in in Keyferry once more"),
            (SignInPage::Expired, 400, "Too late", "Start it in Keyferry once more"),
            (SignInPage::Unknown, 400, "No sign-in waits for this page", "close this page"),
            (SignInPage::Failed, 502, "Not connected", "Keyferry shows why"),
        ];
        for (page, status, title, text) in table {
            assert_eq!(page.into_response().status(), status, "{page:?}");
            let body = body(page).await;
            assert!(body.contains(&format!("<h1>{title}</h1>")) && body.contains(text), "{body}");
        }
    }

    #[tokio::test]
    async fn a_page_runs_and_loads_nothing_but_what_its_policy_names() {
        for page in [
            SignInPage::Connected,
            SignInPage::Denied,
            SignInPage::Expired,
            SignInPage::Unknown,
            SignInPage::Failed,
        ] {
            let response = page.into_response();
            let headers = response.headers();
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(
                policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
                "{policy}"
            );
            assert!(!policy.contains("unsafe") && !policy.contains("STYLE"), "{policy}");
            assert_eq!(headers[header::REFERRER_POLICY], "no-referrer");
            assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            assert_eq!(headers[header::CACHE_CONTROL], "no-store");

            let body = body(page).await;
            for element in ["style", "script"] {
                let (_, rest) = body.split_once(&format!("<{element}>")).unwrap();
                let (text, rest) = rest.split_once(&format!("</{element}>")).unwrap();
                assert!(policy.contains(&format!("{element}-src 'sha256-{}'", digest(text))), "{element}");
                assert!(!rest.contains(&format!("<{element}")), "one {element}");
            }
            assert!(!body.contains("src=") && !body.contains("href="), "{body}");
        }
    }
}
