//! What the few pages are made of that need no session: one column, the same style, and at most one script, named by its digest.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::assets::ASSETS;

/// What a page does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Script {
    /// Nothing.
    None,
    /// It runs this text, the one script that it may run.
    Text(&'static str),
    /// It leads on to this path, without a script.
    Leads(&'static str),
}

/// A page without a session.
pub(super) fn page(status: StatusCode, title: &str, body: &Markup, script: Script) -> Response {
    let html = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                @if let Script::Leads(path) = script { meta http-equiv="refresh" content={ "0; url=" (path) }; }
                title { "Keyferry: " (title) }
                link rel="icon" href=(ASSETS.icon.path()) type="image/svg+xml";
                link rel="stylesheet" href=(ASSETS.style.path());
            }
            body.alone {
                main {
                    p.brand { "Keyferry" }
                    h1 { (title) }
                    (body)
                }
                @if let Script::Text(text) = script { script { (PreEscaped(text)) } }
            }
        }
    };
    let mut response = (status, Html(html.into_string())).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy(script)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The digest of the one script stands in the policy, so that no other can run.
fn policy(script: Script) -> String {
    let script = match script {
        Script::None | Script::Leads(_) => String::new(),
        Script::Text(text) => format!("script-src 'sha256-{}'; ", digest(text)),
    };
    format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; {script}base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// Reads a page as a browser does: its one script is named by its policy, and it loads its style and its icon alone.
#[cfg(test)]
pub(super) async fn checked(response: Response) -> (StatusCode, String) {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let policy = parts.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(parts.headers[header::REFERRER_POLICY], "no-referrer");
    assert_eq!(parts.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert_eq!(parts.headers[header::CACHE_CONTROL], "no-store");
    match body.split_once("<script>") {
        Some((_, rest)) => {
            let (text, rest) = rest.split_once("</script>").unwrap();
            assert!(policy.contains(&format!("script-src 'sha256-{}'", digest(text))), "{policy}");
            assert!(!rest.contains("<script"), "one script");
        }
        None => assert!(!policy.contains("script-src"), "{policy}"),
    }
    assert!(!body.contains("src=") && !body.contains("style=") && !body.contains("<style"), "{body}");
    assert!(body.contains("name=\"viewport\""), "{body}");
    (parts.status, body)
}
