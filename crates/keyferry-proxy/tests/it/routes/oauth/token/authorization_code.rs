//! The code exchange (RFC 6749 §4.1.3).

use futures_util::future::join_all;
use keyferry_sandbox::AuthorizationKind;
use serde_json::{Value, json};

use crate::support::*;

fn with(mut body: Value, name: &str, value: Value) -> Value {
    body[name] = value;
    body
}

#[tokio::test]
async fn a_code_becomes_tokens_in_either_format() {
    let (sandbox, proxy) = pair().await;
    let json = proxy.token(&redemption(&code(&sandbox).await)).await;
    let body = redemption(&code(&sandbox).await);
    let form: Vec<_> = body.as_object().unwrap().iter().map(|(n, v)| (n, v.as_str().unwrap())).collect();
    let form = send(http().post(proxy.url("/oauth/token")).form(&form)).await;
    for reply in [json, form] {
        assert_eq!(reply.status, 200, "{}", reply.text());
        for (name, value) in
            [("content-type", "application/json"), ("cache-control", "no-store"), ("pragma", "no-cache")]
        {
            assert_eq!(reply.header(name), Some(value));
        }
        let body = reply.json();
        assert_eq!(body["token_type"], "Bearer");
        assert_eq!(body["expires_in"], 3600);
        assert_eq!(body["scope"], "notes:read notes:write offline_access");
        assert_eq!(body["metadata"], json!({}));
        let names: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["access_token", "expires_in", "metadata", "refresh_token", "scope", "token_type"]);
        let access_token = body["access_token"].as_str().unwrap();
        let me = send(http().get(format!("{}/me", sandbox.api_url())).bearer_auth(access_token)).await;
        assert_eq!(me.status, 200);
    }
}

#[tokio::test]
async fn the_provider_gets_a_form_of_exactly_the_standard_fields() {
    let (sandbox, proxy) = pair().await;
    let code = code(&sandbox).await;
    proxy.token(&redemption(&code)).await;
    let [request] = &sandbox.recorded_token_requests()[..] else { panic!("one request") };
    assert_eq!(request.method, "POST");
    assert_eq!(request.content_type.as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!(request.query, None);
    assert_eq!(request.authorization, AuthorizationKind::None);
    let secret = sandbox.client_secret().expose_secret();
    let expected = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
        ("client_id", "keyferry-sandbox"),
        ("client_secret", secret),
    ];
    let sent: Vec<_> = request.fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert!(sent == expected, "other fields or another order were sent");
}

#[tokio::test]
async fn a_code_is_redeemed_once_however_many_ask_at_once() {
    let (sandbox, proxy) = pair().await;
    let body = redemption(&code(&sandbox).await);
    let replies = join_all((0..16).map(|_| proxy.token(&body))).await;
    let good = replies.iter().filter(|reply| reply.status == 200).count();
    let refused = replies.iter().filter(|reply| reply.error() == error(400, "invalid_grant")).count();
    assert_eq!((good, refused), (1, 15));
}

#[tokio::test]
async fn the_providers_refusal_passes_with_its_status_in_our_words() {
    let (sandbox, proxy) = pair().await;
    let good = redemption(&code(&sandbox).await);
    let other = VERIFIER.replace('a', "b");
    let table = [
        (with(good.clone(), "code_verifier", other.into()), 400, "invalid_grant"),
        (with(good.clone(), "code", "never-issued-canary".into()), 400, "invalid_grant"),
        (
            with(good, "redirect_uri", "http://127.0.0.1:9999/oauth/callback/sandbox".into()),
            400,
            "invalid_grant",
        ),
    ];
    for (body, status, code) in table {
        let reply = proxy.token(&body).await;
        assert_eq!(reply.error(), error(status, code), "{body}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(reply.json()["error_description"].as_str().unwrap().starts_with("The provider no longer"));
        assert!(!reply.text().contains("canary"));
    }
    let proxy = start(config(&[("sandbox", &sandbox.provider_file())], "a-wrong-secret")).await;
    let reply = proxy.token(&redemption(&code(&sandbox).await)).await;
    assert_eq!(reply.error(), error(401, "invalid_client"));
    assert!(reply.text().contains("Whoever runs the proxy has to correct them"));
}

#[tokio::test]
async fn a_sign_in_with_pkce_is_not_redeemed_without_its_verifier() {
    let (sandbox, proxy) = pair().await;
    let good = redemption(&code(&sandbox).await);
    for verifier in [Value::Null, "".into(), "short".into(), "é".repeat(50).into(), "a".repeat(129).into()] {
        let reply = proxy.token(&with(good.clone(), "code_verifier", verifier)).await;
        assert_eq!(reply.error(), error(400, "invalid_request"));
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
    let file = sandbox.provider_file().replace("[token]", "pkce = \"none\"\n[token]");
    let proxy = start(config(&[("sandbox", &file)], "s")).await;
    assert_eq!(proxy.token(&good).await.error(), error(400, "invalid_request"));
    assert_eq!(sandbox.counters().token_requests(), 0);
}
