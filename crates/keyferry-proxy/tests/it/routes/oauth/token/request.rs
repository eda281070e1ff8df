//! Requests that reach no provider.

use serde_json::{Value, json};

use crate::support::*;

#[tokio::test]
async fn a_request_that_makes_no_sense_reaches_no_provider() {
    let (sandbox, proxy) = pair().await;
    let good = redemption("a-code");
    let with = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let table = [
        (json!({}), "invalid_request"),
        (json!([]), "invalid_request"),
        (with("provider", Value::Null), "invalid_request"),
        (with("grant_type", Value::Null), "invalid_request"),
        (with("grant_type", "password".into()), "unsupported_grant_type"),
        (with("grant_type", "client_credentials".into()), "unsupported_grant_type"),
        (with("grant_type", "Authorization_Code".into()), "unsupported_grant_type"),
        (with("code", Value::Null), "invalid_request"),
        (with("code", "a b".into()), "invalid_request"),
        (with("code", "a\r\nb".into()), "invalid_request"),
        (with("code", "a".repeat(8_193).into()), "invalid_request"),
        (with("redirect_uri", Value::Null), "invalid_request"),
        (with("refresh_token", "x".into()), "invalid_request"),
        (with("client_id", "x".into()), "invalid_request"),
        (with("client_secret", "x".into()), "invalid_request"),
        (with("client_assertion", "x".into()), "invalid_request"),
        (with("resource", "https://x.example".into()), "invalid_request"),
        (with("token_endpoint", "https://evil.test".into()), "invalid_request"),
        (with("username", "x".into()), "invalid_request"),
        (with("config", json!({ "host": "evil.test" })), "invalid_request"),
        (with("callback", json!({ "realmId": 1 })), "invalid_request"),
        (json!({ "provider": "sandbox", "grant_type": "refresh_token" }), "invalid_request"),
        (
            json!({ "provider": "sandbox", "grant_type": "refresh_token", "refresh_token": "r", "code": "c" }),
            "invalid_request",
        ),
    ];
    for (body, code) in table {
        let reply = proxy.token(&body).await;
        assert_eq!(reply.error(), error(400, code), "{body}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{body}");
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
}

#[tokio::test]
async fn a_provider_is_looked_up_and_an_unknown_one_is_404_whatever_it_is() {
    let (sandbox, proxy) = pair().await;
    let mut body = redemption("a-code");
    let long = "x".repeat(10_000);
    let mut first = None;
    for name in ["nobody", "PATH", "../x", "AWS", "Sandbox", "sandbox ", "ſandbox", "a\nb", "sandbox.", &long]
    {
        body["provider"] = name.into();
        let reply = proxy.token(&body).await;
        assert_eq!(reply.error(), error(404, "invalid_request"), "{name}");
        assert_eq!(&reply.body, first.get_or_insert(reply.body.clone()), "{name}");
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
}

#[tokio::test]
async fn a_repeated_parameter_is_refused_in_either_format() {
    let (sandbox, proxy) = pair().await;
    let form = "provider=sandbox&grant_type=refresh_token&refresh_token=a&refresh_token=b";
    let json = r#"{"provider":"sandbox","provider":"jira","grant_type":"refresh_token","refresh_token":"a"}"#;
    for (kind, body) in [("application/x-www-form-urlencoded", form), ("application/json", json)] {
        let reply =
            send(http().post(proxy.url("/oauth/token")).header("content-type", kind).body(body)).await;
        assert_eq!(reply.error(), error(400, "invalid_request"), "{kind}");
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
}

#[tokio::test]
async fn another_content_type_is_415_and_a_long_body_413() {
    let (sandbox, proxy) = pair().await;
    let post = |kind: &str, body: Vec<u8>| {
        send(http().post(proxy.url("/oauth/token")).header("content-type", kind).body(body))
    };
    for kind in ["text/plain", "application/xml", "multipart/form-data; boundary=x", "application/jsonx"] {
        assert_eq!(post(kind, b"{}".to_vec()).await.error(), error(415, "invalid_request"), "{kind}");
    }
    let fits = format!("{{\"x\":\"{}\"}}", "a".repeat(16 * 1024 - 8));
    assert_eq!(fits.len(), 16 * 1024);
    assert_eq!(post("application/json", fits.clone().into_bytes()).await.status, 400);
    let over = post("application/json", (fits + " ").into_bytes()).await;
    assert_eq!(over.error(), error(413, "invalid_request"));
    assert_eq!(sandbox.counters().token_requests(), 0);
}

#[tokio::test]
async fn headers_of_a_caller_change_nothing() {
    let (sandbox, proxy) = pair().await;
    let request = http()
        .post(proxy.url("/oauth/token"))
        .header("host", "evil.test")
        .header("x-target-endpoint", "https://evil.test/token")
        .header("x-forwarded-for", "127.0.0.1")
        .header("x-forwarded-host", "evil.test")
        .header("x-forwarded-uri", "/health")
        .header("x_forwarded_user", "root")
        .header("x-http-method-override", "GET")
        .header("x-request-id", "chosen-by-the-caller")
        .header("cookie", "a=b")
        .header("authorization", "Basic eDp5")
        .json(&redemption(&code(&sandbox).await));
    let reply = send(request).await;
    assert_eq!(reply.status, 200);
    assert_ne!(reply.header("x-request-id"), Some("chosen-by-the-caller"));
    let request = sandbox.recorded_token_requests().pop().unwrap();
    assert_eq!(request.authorization, keyferry_sandbox::AuthorizationKind::None);
}
