//! What is logged, at the most talkative level: one line for each request, and never a secret.

use std::{collections::HashSet, fs, os::unix::fs::PermissionsExt as _, sync::Arc, time::Duration};

use keyferry_core::provider::ProviderSet;
use keyferry_proxy::{AccessKeys, ProxyConfig, SealingKey, SealingKeys};
use keyferry_sandbox::{Fault, Target};
use serde_json::json;

use crate::support::{
    log::Captured,
    raw::{self, RawProvider},
    *,
};

const KEY: &str = "an-access-key-canary-of-the-tests";

#[tokio::test]
async fn no_secret_is_logged_at_any_level_whether_things_work_or_fail() {
    let (log, _guard) = Captured::start();
    let sandbox = sandbox().await;
    let echo = RawProvider::answering(raw::json(
        "400 Bad",
        r#"{"error":"invalid_grant","error_description":"canary-echo-1","access_token":"canary-echo-2"}"#,
    ))
    .await;
    let file = sandbox.provider_file();
    let secret = sandbox.client_secret().expose_secret();
    let mut config = config(&[("sandbox", &file), ("acme", &echo.file(""))], secret);
    config.access = AccessKeys::parse(&format!("ada={KEY}")).unwrap();
    config.sealing =
        Some(SealingKeys { current: SealingKey::new([7; 32]), previous: None, bare_until: None });
    config.limits.exchange = Duration::from_millis(1_500);
    let proxy = start(config).await;
    let post = async |path: &str, body: serde_json::Value| proxy.post_as(KEY, path, &body).await;

    let tokens = post("/oauth/token", redemption(&code(&sandbox).await)).await;
    let sealed = tokens.field("refresh_token");
    let renewed = post("/oauth/token", refreshment("sandbox", &sealed)).await.field("refresh_token");
    post("/oauth/token", refreshment("sandbox", &sealed)).await;
    for fault in [
        Fault::Html,
        Fault::TruncatedJson,
        Fault::DropAfter,
        Fault::DuplicateKey,
        Fault::Slow { milliseconds: 20_000 },
        Fault::Status { status: 503, retry_after: None },
        Fault::Redirect { location: "https://evil.test/?canary-location".to_owned() },
    ] {
        sandbox.faults().once(Target::Token, fault);
        post("/oauth/token", redemption(&code(&sandbox).await)).await;
    }
    post("/oauth/token", redemption("canary-unknown-code")).await;
    post("/oauth/revoke", json!({ "provider": "sandbox", "token": renewed })).await;
    post("/oauth/token", json!({ "provider": "canary-provider", "canary-name": "canary-value" })).await;
    post("/oauth/token?code=canary-query", redemption("canary-in-query")).await;
    proxy.post("/oauth/token", &redemption("canary-without-key")).await;
    proxy.post_as("canary-wrong-key", "/oauth/token", &redemption("canary-wrong")).await;
    let plain = json!({ "provider": "acme", "token": "canary-access-token" });
    post("/oauth/revoke", plain).await;
    proxy.get("/oauth/providers/canary-name?canary-query").await;
    proxy.get("/canary-path").await;

    let text = log.text();
    // The positive control: it was captured, and requests can be found by their ids.
    let id = tokens.header("x-request-id").unwrap();
    assert!(text.contains(id), "nothing was captured");
    assert!(text.contains("\"TRACE\""), "not at the most talkative level");
    assert!(!text.contains(KEY) && !text.contains(VERIFIER));
    let secrets = [sandbox.ledger(), vec![sealed, renewed]].concat();
    assert!(secrets.len() > 20);
    // No part of one either: eight characters already narrow a search down. Their prefixes say only what
    // they are.
    let logged: HashSet<_> = text.as_bytes().windows(8).collect();
    for secret in &secrets {
        let random = secret.strip_prefix("sbx_").and_then(|rest| rest.split_once('_')).map(|(_, rest)| rest);
        let random = random.or_else(|| Some(secret.rsplit_once('.')?.1)).unwrap_or(secret);
        assert!(random.len() > 30, "no secret of the sandbox or the proxy");
        let part = random.as_bytes().windows(8).find(|part| logged.contains(part));
        assert!(part.is_none(), "a part of a secret was logged");
    }
    assert!(!text.contains("canary"), "{}", text.lines().find(|line| line.contains("canary")).unwrap());
}

#[tokio::test]
async fn a_request_is_one_line_that_says_how_it_ended() {
    let (log, _guard) = Captured::start();
    let (sandbox, proxy) = pair().await;
    let replies = [
        proxy.token(&redemption(&code(&sandbox).await)).await,
        proxy.token(&refreshment("sandbox", "unknown")).await,
        proxy.token(&refreshment("nobody", "x")).await,
        proxy.post("/oauth/revoke", &json!({ "provider": "sandbox", "token": "x" })).await,
        proxy.get("/oauth/providers/sandbox").await,
        proxy.get("/nowhere").await,
    ];
    let lines = log.requests();
    let expected = [
        json!(["POST", "/oauth/token", "sandbox", "authorization_code", "ok", 200]),
        json!(["POST", "/oauth/token", "sandbox", "refresh_token", "provider_refused", 400]),
        json!(["POST", "/oauth/token", null, null, "unknown_provider", 404]),
        json!(["POST", "/oauth/revoke", "sandbox", "revoke", "ok", 200]),
        json!(["GET", "/oauth/providers/{name}", "sandbox", null, "ok", 200]),
        json!(["GET", "none", null, null, "no_route", 404]),
    ];
    assert_eq!(lines.len(), replies.len());
    for ((line, reply), expected) in lines.iter().zip(&replies).zip(expected) {
        let shown = ["method", "route", "provider", "grant", "outcome", "status"].map(|name| &line[name]);
        assert_eq!(json!(shown), expected);
        assert_eq!(line["request_id"].as_str(), reply.header("x-request-id"));
        assert!(line["elapsed_ms"].is_u64());
    }
}

#[tokio::test]
async fn what_a_caller_sends_can_not_write_lines_of_its_own() {
    let (log, _guard) = Captured::start();
    let (_sandbox, proxy) = pair().await;
    for path in ["/x%0d%0aINFO%20forged", "/oauth/providers/%1b%5b31mforged", "/oauth/providers/a%0Aforged"] {
        proxy.get(path).await;
    }
    proxy.token(&json!({ "provider": "a\nforged", "grant_type": "\u{1b}[2Jforged" })).await;
    assert_eq!(log.requests().len(), 4);
    assert!(!log.text().contains("forged"));
}

#[tokio::test]
async fn a_secret_file_that_all_may_read_is_told_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = [
        ("KEYFERRY_PROXY_ACCESS_KEYS", format!("ada={KEY}")),
        ("KEYFERRY_PROXY_SEALING_KEY", format!("{}=", "A".repeat(43))),
        ("KEYFERRY_PROXY_STORE_URL", "redis://127.0.0.1:1".to_owned()),
    ];
    let named = |variable: &str| folder.path().join(variable).display().to_string();
    let told = |mode| {
        let (log, _guard) = Captured::start();
        for (variable, text) in &secrets {
            fs::write(named(variable), text).unwrap();
            fs::set_permissions(named(variable), fs::Permissions::from_mode(mode)).unwrap();
        }
        let lookup = |asked: &str| {
            let variable = asked.strip_suffix("_FILE")?;
            secrets.iter().any(|(known, _)| *known == variable).then(|| named(variable))
        };
        ProxyConfig::from_environment(Arc::new(ProviderSet::default()), lookup).unwrap();
        secrets.each_ref().map(|(variable, _)| log.text().contains(&named(variable)))
    };
    assert_eq!(told(0o644), [true; 3]);
    assert_eq!(told(0o640), [false; 3]);
}
