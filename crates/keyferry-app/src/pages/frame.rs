//! What all pages are made of: one frame, one style sheet, and the policy that names both by their digest.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page.css");

/// A page of fixed texts. `body` is HTML, `script` the one script that may run.
pub(super) fn page(status: StatusCode, title: &str, body: &str, script: Option<&str>) -> Response {
    let script_element = script.map(|text| format!("<script>{text}</script>")).unwrap_or_default();
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>Keyferry: {title}</title><style>{STYLE}</style></head><body><main><p class=\"brand\">Keyferry</p><h1>{title}</h1>{body}</main>{script_element}</body></html>"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy(script)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The digests of the one style and the one script stand in the policy, so that no other can run.
fn policy(script: Option<&str>) -> String {
    let script = script.map(|text| format!("script-src 'sha256-{}'; ", digest(text))).unwrap_or_default();
    format!(
        "default-src 'none'; style-src 'sha256-{}'; {script}base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digest(STYLE)
    )
}

fn digest(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

/// Reads a page as a browser does: what stands in it is named by its policy, and it loads nothing.
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
    for element in ["style", "script"] {
        let Some((_, rest)) = body.split_once(&format!("<{element}>")) else {
            assert!(element == "script" && !policy.contains("script-src"), "{element}: {policy}");
            continue;
        };
        let (text, rest) = rest.split_once(&format!("</{element}>")).unwrap();
        assert!(policy.contains(&format!("{element}-src 'sha256-{}'", digest(text))), "{element}: {policy}");
        assert!(!rest.contains(&format!("<{element}")), "one {element}");
    }
    assert!(!body.contains("src=") && !body.contains("href=") && !body.contains("style="), "{body}");
    assert!(body.contains("name=\"viewport\"") && body.contains("prefers-color-scheme:dark"), "{body}");
    (parts.status, body)
}
