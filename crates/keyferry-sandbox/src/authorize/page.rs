//! The pages that a person sees: the consent page and the refusals. No script, no subresource, one style
//! sheet that the policy names by its hash.

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

use super::request::AuthorizationRequest;
use crate::{client::Client, people::Person};

const STYLE: &str = include_str!("page.css");

/// Asks the person.
pub(super) fn consent(client: &Client, request: &AuthorizationRequest, consent_id: &str) -> Response {
    let origin = origin(&request.way_back.redirect_uri);
    let scopes: String =
        request.scopes.iter().map(|scope| format!("<li>{}</li>\n", escape(scope.in_words()))).collect();
    let people: String =
        Person::ALL.into_iter().enumerate().map(|(at, person)| choice(person, at == 0)).collect();
    let body = format!(
        r#"<h1>{name} wants to use your Sandbox account</h1>
<p>It would like to:</p>
<ul>
{scopes}</ul>
<form method="post" action="/authorize/decision">
<input type="hidden" name="consent" value="{consent}">
<fieldset><legend>Go on as</legend>
{people}</fieldset>
<div class="buttons">
<button type="submit" name="decision" value="allow">Allow</button>
<button type="submit" name="decision" value="deny" class="quiet">Deny</button>
</div>
</form>
<p class="small">You will be sent back to <b>{origin}</b>. The Sandbox is a practice provider on this machine: its people are made up, and there is no password.</p>"#,
        name = escape(client.name()),
        consent = escape(consent_id),
        origin = escape(origin),
    );
    page(StatusCode::OK, "Allow access?", &body, Some(origin))
}

/// Tells the person why nothing goes on.
pub(super) fn refused(reason: &'static str) -> Response {
    let body = format!(
        "<h1>This sign-in can't go on</h1>\n<p>{reason}</p>\n<p class=\"small\">Nothing was shared. Start again from the application.</p>"
    );
    page(StatusCode::BAD_REQUEST, "Sign-in stopped", &body, None)
}

/// Tells the person to try later.
pub(super) fn unavailable() -> Response {
    let body = "<h1>The Sandbox is busy</h1>\n<p>Please try again in a moment.</p>";
    page(StatusCode::SERVICE_UNAVAILABLE, "Busy", body, None)
}

fn choice(person: Person, checked: bool) -> String {
    format!(
        "<label><input type=\"radio\" name=\"account\" value=\"{}\"{}>{} <span>{}</span></label>\n",
        person.id(),
        if checked { " checked" } else { "" },
        escape(person.name()),
        escape(person.email())
    )
}

fn page(status: StatusCode, title: &str, body: &str, form_target: Option<&str>) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} · Sandbox</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    );
    let mut response = (status, Html(html)).into_response();
    harden(response.headers_mut());
    if let Ok(policy) = HeaderValue::try_from(policy(form_target)) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// `form-action` must name the redirect target too: browsers apply it to the redirect that follows a form.
fn policy(form_target: Option<&str>) -> String {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let form_action = match form_target {
        None => "'none'".to_owned(),
        // A source expression can't hold an IPv6 literal (CSP3 §2.3.1).
        Some(origin) if origin.contains('[') => "'self' http:".to_owned(),
        Some(origin) => format!("'self' {origin}"),
    };
    format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// The headers that every answer of the authorization endpoint carries (RFC 9700 §4.2.4, §4.16).
pub(super) fn harden(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Scheme and authority of a redirect URI that matched a registered one.
fn origin(redirect_uri: &str) -> &str {
    let authority = redirect_uri.find("://").map_or(0, |at| at + 3);
    let end = redirect_uri
        .get(authority..)
        .and_then(|rest| rest.find('/'))
        .map_or(redirect_uri.len(), |at| authority + at);
    redirect_uri.get(..end).unwrap_or_default()
}

/// Text for HTML, inside elements and quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
