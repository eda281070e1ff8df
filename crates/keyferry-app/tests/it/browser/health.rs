//! Whether a session still lives: asked of the service, where its file says how.

use axum::{
    body::Body,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use serde_json::json;

use super::{Acme, begin, nothing_left, over};

/// Who this is, for as long as the cookie is the one that the sign-in gave; a redirect to the login page once it is asked too often.
fn account(cookies: &str) -> Response {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static ASKED: AtomicUsize = AtomicUsize::new(0);
    if !cookies.contains("session=ses-canary") {
        return StatusCode::IM_A_TEAPOT.into_response();
    }
    match ASKED.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => Response::new(Body::from("{\"email\":\"ada@acme.example\"}")),
        _ => StatusCode::UNAUTHORIZED.into_response(),
    }
}

#[tokio::test]
async fn a_session_is_looked_after_by_the_accounts_request_and_asks_for_sign_in_once_it_is_over() {
    let acme = Acme::with("<script>setTimeout(signIn, 300)</script>", Some(account)).await;
    let more = format!(
        "[account]\nrequest = \"{}/account\"\nlabel = \"/email\"\nheaders = {{ Cookie = \"session={{metadata.session}}\" }}\n",
        acme.service.origin.replace("acme.localhost", "127.0.0.1")
    );
    let app = acme.app_with(&more).await;
    let done = over(&app, begin(&app, json!({})).await).await;
    assert_eq!(done["state"], "done", "{done}");
    let path = format!("/api/v1/connections/{}", done["connection"].as_str().unwrap());
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
    let (_, connection) = app.get(&path).await;
    assert_eq!(
        (&connection["state"], &connection["failure"]["code"]),
        (&json!("needs_sign_in"), &json!("session_refused"))
    );
    nothing_left(&app).await;
    app.shutdown().await;
}
