//! Whether a session still lives: asked of the service, where its file says how.

use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{
    body::Body,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{Acme, begin, nothing_left, over, site::redirect};
use crate::support::TestApp;

const SIGN_IN: &str = "<script>setTimeout(signIn, 300)</script>";

/// Acme, which says who this is as often as told, for as long as the cookie is the one that the sign-in gave; then it says this.
async fn acme(good: usize, then: fn() -> Response) -> (Acme, TestApp) {
    let asked = AtomicUsize::new(0);
    let account = move |cookies: &str| {
        if !cookies.contains("session=ses-canary") {
            return StatusCode::IM_A_TEAPOT.into_response();
        }
        match asked.fetch_add(1, Ordering::SeqCst) < good {
            true => Response::new(Body::from("{\"email\":\"ada@acme.example\"}")),
            false => then(),
        }
    };
    let acme = Acme::with(SIGN_IN, Some(Box::new(account))).await;
    let more = format!(
        "[account]\nrequest = \"{}/account\"\nlabel = \"/email\"\nheaders = {{ Cookie = \"session={{metadata.session}}\" }}\n",
        acme.service.origin.replace("acme.localhost", "127.0.0.1")
    );
    let app = acme.app_with(&more).await;
    (acme, app)
}

/// Signs in. Answers the path of the connection.
async fn connected(app: &TestApp) -> String {
    let done = over(app, begin(app, json!({})).await).await;
    assert_eq!(done["state"], "done", "{done}");
    format!("/api/v1/connections/{}", done["connection"].as_str().unwrap())
}

/// The state of a connection, and why.
async fn state(app: &TestApp, path: &str) -> (Value, Value) {
    let (_, connection) = app.get(path).await;
    (connection["state"].clone(), connection["failure"]["code"].clone())
}

#[tokio::test]
async fn a_session_is_looked_after_by_the_accounts_request_and_asks_for_sign_in_once_it_is_over() {
    let (_acme, app) = acme(2, || StatusCode::UNAUTHORIZED.into_response()).await;
    let path = connected(&app).await;
    let (_, connection) = app.get(&path).await;
    assert_eq!(
        (&connection["account"], &connection["health"]),
        (&json!("ada@acme.example"), &json!("good")),
        "{connection}"
    );
    assert!(connection["expires_at"].is_null(), "the token is no cookie");

    let (status, looked) = app.post(&format!("{path}/refresh"), json!({})).await;
    assert_eq!((status.as_u16(), &looked["health"]), (200, &json!("good")), "{looked}");
    let (status, over) = app.post(&format!("{path}/refresh"), json!({})).await;
    assert_eq!((status.as_u16(), &over["error"]), (409, &json!("needs_sign_in")), "{over}");
    assert!(over["hint"].as_str().unwrap().contains("connections sign-in"), "{over}");
    assert_eq!(state(&app, &path).await, (json!("needs_sign_in"), json!("session_refused")));
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_session_is_over_when_its_service_sends_to_the_login_page_or_knows_no_name_and_not_when_it_fails() {
    type Row = (fn() -> Response, &'static str, Option<&'static str>);
    let rows: [Row; 3] = [
        (|| redirect("/login", &[]), "needs_sign_in", Some("session_redirected")),
        (|| Response::new(Body::from("{\"anonymous\":true}")), "needs_sign_in", Some("account_unknown")),
        (|| StatusCode::BAD_GATEWAY.into_response(), "active", None),
    ];
    for (then, expected, code) in rows {
        let (_acme, app) = acme(1, then).await;
        let path = connected(&app).await;
        let (status, told) = app.post(&format!("{path}/refresh"), json!({})).await;
        assert_eq!(status, 409, "{told}");
        assert_eq!(state(&app, &path).await, (json!(expected), json!(code)), "{told}");
        app.shutdown().await;
    }
}

#[tokio::test]
async fn a_token_that_was_a_cookie_is_over_when_the_cookie_is() {
    let acme = Acme::start(SIGN_IN).await;
    let session = "access_token = { cookie = \"session\" }\nsession = { cookie = \"session\" }\n";
    let file = acme.file();
    let (before, rest) = file.split_once("access_token = {").unwrap();
    let (_, rest) = rest.split_once("session = { cookie = \"session\" }\n").unwrap();
    let now = std::sync::Arc::new(std::sync::Mutex::new(keyferry_app::clock::Clock::system().now()));
    let clock = std::sync::Arc::clone(&now);
    let app = super::app_by(
        &format!("{before}{session}{rest}"),
        |_| {},
        move |parts| {
            parts.clock = keyferry_app::clock::Clock::new(move || *clock.lock().unwrap());
        },
    )
    .await;
    let path = connected(&app).await;
    let (_, connection) = app.get(&path).await;
    let ends: jiff::Timestamp = connection["expires_at"].as_str().unwrap().parse().unwrap();
    // The browser's clock is the system's.
    let lives = ends.duration_since(keyferry_app::clock::Clock::system().now());
    assert!((86_000..=86_400).contains(&lives.as_secs()), "{connection}");
    *now.lock().unwrap() = ends;
    let (status, told) = app.post(&format!("{path}/refresh"), json!({})).await;
    assert_eq!((status.as_u16(), &told["error"]), (409, &json!("needs_sign_in")), "{told}");
    assert_eq!(state(&app, &path).await, (json!("needs_sign_in"), json!("expired")));
    app.shutdown().await;
}
