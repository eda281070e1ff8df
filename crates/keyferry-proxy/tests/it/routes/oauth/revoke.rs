//! `/oauth/revoke` (RFC 7009)

use keyferry_sandbox::{Fault, Sandbox, Target};
use serde_json::{Value, json};

use crate::support::{raw::RawProvider, *};

fn revocation(token: &str) -> Value {
    json!({ "provider": "sandbox", "token": token, "token_type_hint": "refresh_token" })
}

async fn refresh_token(sandbox: &Sandbox, proxy: &TestProxy) -> String {
    proxy.token(&redemption(&code(sandbox).await)).await.field("refresh_token")
}

#[tokio::test]
async fn a_revoked_token_is_dead_and_revoking_it_again_is_no_error() {
    let (sandbox, proxy) = pair().await;
    let token = refresh_token(&sandbox, &proxy).await;
    for _ in 0..2 {
        let reply = proxy.post("/oauth/revoke", &revocation(&token)).await;
        assert_eq!((reply.status, reply.json()), (200, json!({})));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    assert_eq!(proxy.post("/oauth/revoke", &revocation("never-issued")).await.status, 200);
    let refresh = proxy.token(&refreshment("sandbox", &token)).await;
    assert_eq!(refresh.error(), error(400, "invalid_grant"));
    assert_eq!(sandbox.counters().revocation_requests, 3);
}

#[tokio::test]
async fn a_provider_that_fails_never_makes_a_success() {
    let (sandbox, proxy) = pair().await;
    let token = refresh_token(&sandbox, &proxy).await;
    let status = |status, retry_after: Option<&str>| Fault::Status {
        status,
        retry_after: retry_after.map(str::to_owned),
    };
    let table = [
        (status(500, None), 503, "temporarily_unavailable", Some("30")),
        (status(503, Some("7")), 503, "temporarily_unavailable", Some("7")),
        (status(429, None), 503, "temporarily_unavailable", Some("30")),
        (status(403, None), 503, "temporarily_unavailable", Some("30")),
        (Fault::DropBefore, 503, "temporarily_unavailable", Some("30")),
        (Fault::DropAfter, 503, "temporarily_unavailable", Some("30")),
        (Fault::Redirect { location: "https://evil.test/".to_owned() }, 502, "server_error", None),
    ];
    for (fault, expected, code, retry_after) in table {
        let shown = format!("{fault:?}");
        sandbox.faults().once(Target::Revoke, fault);
        let reply = proxy.post("/oauth/revoke", &revocation(&token)).await;
        assert_eq!(reply.error(), error(expected, code), "{shown}");
        assert_eq!(reply.header("retry-after"), retry_after, "{shown}");
    }
}

#[tokio::test]
async fn a_provider_that_is_gone_is_503_with_a_time_to_come_back() {
    let provider = RawProvider::answering("").await;
    let file = provider.file("");
    let mut config = config(&[("acme", &file)], "s");
    config.limits = short_limits();
    drop(provider);
    let proxy = start(config).await;
    let reply = proxy.post("/oauth/revoke", &json!({ "provider": "acme", "token": "t" })).await;
    assert_eq!(reply.error(), error(503, "temporarily_unavailable"));
    assert_eq!(reply.header("retry-after"), Some("30"));
}

#[tokio::test]
async fn a_provider_that_can_not_revoke_is_said_to_be_one() {
    let sandbox = sandbox().await;
    let file = sandbox.provider_file();
    let (before, after) = file.split_once("[revocation]").unwrap();
    let file = format!("{before}{}", &after[after.find("[env]").unwrap()..]);
    let proxy = start(config(&[("sandbox", &file)], "s")).await;
    let reply = proxy.post("/oauth/revoke", &revocation("t")).await;
    assert_eq!(reply.error(), error(400, "unsupported_token_type"));
}

#[tokio::test]
async fn a_request_that_makes_no_sense_reaches_no_provider() {
    let (sandbox, proxy) = pair().await;
    let table = [
        (json!({ "provider": "sandbox" }), 400),
        (json!({ "token": "t" }), 400),
        (json!({ "provider": "nobody", "token": "t" }), 404),
        (json!({ "provider": "sandbox", "token": "t", "token_type_hint": "id_token" }), 400),
        (json!({ "provider": "sandbox", "token": "t", "client_secret": "x" }), 400),
        (json!({ "provider": "sandbox", "token": "t", "grant_type": "refresh_token" }), 400),
        (json!({ "provider": "sandbox", "token": "t", "config": { "a": "b" } }), 400),
        (json!({ "provider": "sandbox", "token": "a b" }), 400),
    ];
    for (body, status) in table {
        assert_eq!(
            proxy.post("/oauth/revoke", &body).await.error(),
            error(status, "invalid_request"),
            "{body}"
        );
    }
    assert_eq!(sandbox.counters().revocation_requests, 0);
}
