//! Every fault does what it says, and only that.

use std::time::{Duration, Instant};

use keyferry_sandbox::{Fault, GrantType, Sandbox, Switch, Target};
use serde_json::{Value, json};

use crate::support::*;

/// A redemption under one fault at the token endpoint.
async fn under(sandbox: &Sandbox, fault: Fault) -> Reply {
    let code = code(sandbox).await;
    sandbox.faults().once(Target::Token, fault);
    redeem(sandbox, &code).await
}

#[tokio::test]
async fn some_faults_leave_the_request_without_effect() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    let json_type = "application/json";
    for (fault, status, kind, body) in [
        (Fault::Status { status: 500, retry_after: None }, 500, "", &b""[..]),
        (Fault::Html, 200, "text/html; charset=utf-8", b"<!doctype html>"),
        (Fault::NotUtf8, 200, json_type, b"{\"access_token\":\"\xff\xfe"),
        (
            Fault::OkFalse { error: "token_revoked".to_owned() },
            200,
            json_type,
            br#"{"error":"token_revoked","ok":false}"#,
        ),
        (
            Fault::ErrorForm { error: "bad_verification_code".to_owned() },
            200,
            "application/x-www-form-urlencoded",
            b"error=bad_verification_code",
        ),
    ] {
        sandbox.faults().once(Target::Token, fault.clone());
        let reply = redeem(&sandbox, &code).await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (status, kind), "{fault:?}");
        assert!(reply.body.starts_with(body), "{fault:?}");
    }
    assert_eq!(redeem(&sandbox, &code).await.status, 200);
}

#[tokio::test]
async fn retry_after_is_any_text() {
    let sandbox = sandbox().await;
    for text in ["120", "Wed, 21 Oct 2026 07:28:00 GMT", "soon", "31536000"] {
        let fault = Fault::Status { status: 429, retry_after: Some(text.to_owned()) };
        let reply = under(&sandbox, fault).await;
        assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (429, text));
    }
}

#[tokio::test]
async fn a_redirect_points_where_it_is_told_to() {
    let sandbox = sandbox().await;
    let location = "http://127.0.0.1:1/elsewhere";
    let reply = under(&sandbox, Fault::Redirect { location: location.to_owned() }).await;
    assert_eq!((reply.status.as_u16(), reply.header("location")), (307, location));
}

#[tokio::test]
async fn expires_in_is_whatever_is_asked_for() {
    let sandbox = sandbox().await;
    for value in [json!(-1), json!(0), json!("3600"), json!(1e30), json!(1.5), json!(null), json!(u64::MAX)] {
        let reply = under(&sandbox, Fault::ExpiresIn { value: Some(value.clone()) }).await;
        assert_eq!(reply.json()["expires_in"], value);
        reply.tokens();
    }
    let absent = under(&sandbox, Fault::ExpiresIn { value: None }).await;
    assert!(!absent.json().as_object().unwrap().contains_key("expires_in"));
}

#[tokio::test]
async fn a_truncated_reply_is_half_of_the_true_one() {
    let sandbox = sandbox().await;
    let reply = under(&sandbox, Fault::TruncatedJson).await;
    assert_eq!((reply.status.as_u16(), reply.json()), (200, Value::Null));
    assert!(reply.text().starts_with(r#"{"access_token":"sbx_at_"#));
}

#[tokio::test]
async fn a_form_encoded_reply_holds_the_same_members() {
    let sandbox = sandbox().await;
    let reply = under(&sandbox, Fault::FormEncoded).await;
    assert_eq!(reply.header("content-type"), "application/x-www-form-urlencoded");
    let fields: std::collections::HashMap<_, _> =
        url::form_urlencoded::parse(&reply.body).into_owned().collect();
    assert_eq!((fields["expires_in"].as_str(), fields["scope"].as_str()), ("3600", SCOPES));
    assert_eq!(api(&sandbox, "/api/me", &fields["access_token"]).await.status, 200);
}

#[tokio::test]
async fn a_duplicate_key_is_really_there_twice() {
    let sandbox = sandbox().await;
    let text = under(&sandbox, Fault::DuplicateKey).await.text();
    assert_eq!(text.matches("\"access_token\":").count(), 2, "{text}");
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[tokio::test]
async fn a_refresh_token_is_left_out_of_refreshes_only() {
    let sandbox = sandbox().await;
    let left_out = Switch::forever(Target::Token, Fault::OmitRefreshToken).only(GrantType::RefreshToken);
    sandbox.faults().add(left_out);
    let tokens = tokens(&sandbox).await;
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.tokens().refresh, None);
}

#[tokio::test]
async fn a_huge_body_is_as_long_as_asked() {
    let sandbox = sandbox().await;
    for bytes in [0, 1, 16 * 1024, 3_000_001] {
        assert_eq!(under(&sandbox, Fault::HugeBody { bytes }).await.body.len() as u64, bytes);
    }
}

#[tokio::test]
async fn slow_and_dripping_replies_take_their_time_and_are_true() {
    let sandbox = sandbox().await;
    let started = Instant::now();
    under(&sandbox, Fault::Slow { milliseconds: 50 }).await.tokens();
    assert!(started.elapsed() >= Duration::from_millis(50));
    let started = Instant::now();
    let reply = under(&sandbox, Fault::Drip { milliseconds: 1 }).await;
    assert!(started.elapsed() >= Duration::from_millis(reply.body.len() as u64));
    reply.tokens();
}

#[tokio::test]
async fn a_dropped_connection_sends_nothing() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox).await;
    let secret = sandbox.client_secret().expose_secret();
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", tokens.refresh()),
        ("client_id", sandbox.client_id()),
        ("client_secret", secret),
    ];
    sandbox.faults().once(Target::Token, Fault::DropBefore);
    let before = post_form(&sandbox, "/token", &fields).send().await.unwrap_err();
    assert!(before.is_request() && !before.is_connect() && !before.is_timeout());
    assert_eq!(sandbox.counters().refresh_requests, 1);
    sandbox.faults().once(Target::Token, Fault::DropAfter);
    let after = post_form(&sandbox, "/token", &fields).send().await.unwrap_err();
    assert!(after.is_request() && !after.is_connect());
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(sandbox.counters().refresh_tokens_reused, 1);
}

#[tokio::test]
async fn faults_strike_their_own_target() {
    let sandbox = sandbox().await;
    let access = tokens(&sandbox).await.access;
    sandbox.faults().once(Target::Revoke, Fault::Status { status: 503, retry_after: None });
    sandbox.faults().once(Target::Api, Fault::Status { status: 500, retry_after: None });
    assert_eq!(api(&sandbox, "/api/me", &access).await.status, 500);
    assert_eq!(api(&sandbox, "/api/me", &access).await.status, 200);
    assert_eq!(post(&sandbox, "/revoke", &[("token", &access)]).await.status, 503);
    assert_eq!(api(&sandbox, "/api/me", &access).await.status, 200);
    let counts = sandbox.counters();
    assert_eq!((counts.api_requests, counts.revocation_requests), (3, 1));
}
