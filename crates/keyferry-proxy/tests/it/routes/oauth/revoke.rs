//! `/oauth/revoke` (RFC 7009)

use keyferry_sandbox::{Fault, Sandbox, Target};
use serde_json::{Value, json};

use crate::support::{
    raw::{self, RawProvider},
    *,
};

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

/// What the provider got for a revocation, of a provider file with these lines in `[revocation]`; and what the caller got.
async fn revoked(lines: &str, reply: String, body: &Value) -> (String, Reply) {
    let provider = RawProvider::answering(reply).await;
    let file = provider.file("").replace("/revoke\"", &format!("/of/{{client_id}}/revoke\"\n{lines}"));
    let proxy = start(config(&[("acme", &file)], "s3cret")).await;
    let answer = proxy.post("/oauth/revoke", body).await;
    (provider.requests().into_iter().next().unwrap_or_default(), answer)
}

fn acme(kind: &str) -> Value {
    json!({ "provider": "acme", "token": "t0ken", "token_type_hint": kind })
}

#[tokio::test]
async fn a_service_gets_its_revocation_in_its_own_way() {
    let bearer = "bearer = true\nrequest_format = \"none\"";
    for (method, begin) in [("POST", "POST "), ("DELETE", "DELETE ")] {
        let lines = format!("{bearer}\nmethod = \"{method}\"");
        let (request, answer) = revoked(&lines, raw::json("200 OK", "null"), &acme("access_token")).await;
        assert_eq!(answer.status, 200);
        assert!(
            request.starts_with(&format!("{begin}/of/keyferry-sandbox/revoke HTTP/1.1\r\n")),
            "{request}"
        );
        assert!(request.contains("\r\nauthorization: Bearer t0ken\r\n"), "{request}");
        assert!(!request.contains("content-type") && request.ends_with("\r\n\r\n"), "{request}");
        assert!(!request.contains("s3cret"), "{request}");
    }
    let (request, _) = revoked(bearer, raw::json("200 OK", "null"), &acme("access_token")).await;
    assert!(request.contains("\r\ncontent-length: 0\r\n"), "{request}");
    let lines = "method = \"DELETE\"\nrequest_format = \"json\"\nrename = { token = \"access_token\", token_type_hint = \"\" }\n\
        client_auth = \"client_secret_basic\"\nheaders = { X-Version = \"1\" }";
    let (request, answer) = revoked(lines, raw::json("204 No Content", ""), &acme("access_token")).await;
    assert_eq!(answer.status, 200);
    assert!(request.starts_with("DELETE "), "{request}");
    for part in ["content-type: application/json\r\n", "authorization: Basic ", "x-version: 1\r\n"] {
        assert!(request.contains(part), "{part}: {request}");
    }
    assert!(request.ends_with("\r\n\r\n{\"access_token\":\"t0ken\"}"), "{request}");
}

#[tokio::test]
async fn a_kind_of_token_that_the_service_does_not_revoke_reaches_no_provider() {
    for (taken, other) in [("access_token", "refresh_token"), ("refresh_token", "access_token")] {
        let lines = format!("token = \"{taken}\"");
        let (request, answer) = revoked(&lines, raw::json("200 OK", "{}"), &acme(other)).await;
        assert_eq!((answer.error(), request.as_str()), (error(400, "unsupported_token_type"), ""), "{other}");
        let (request, answer) = revoked(&lines, raw::json("200 OK", "{}"), &acme(taken)).await;
        assert!(answer.status == 200 && !request.is_empty(), "{taken}");
    }
}

#[tokio::test]
async fn a_401_says_that_a_token_is_dead_only_where_the_token_itself_authenticates() {
    let bearer = "bearer = true\nrequest_format = \"none\"";
    let dead = raw::json("401 Unauthorized", r#"{"error":{".tag":"invalid_access_token"}}"#);
    assert_eq!(revoked(bearer, dead.clone(), &acme("access_token")).await.1.status, 200);
    assert_ne!(revoked("", dead, &acme("access_token")).await.1.status, 200);
    for status in ["403 Forbidden", "404 Not Found", "422 Unprocessable Entity"] {
        let reply = raw::json(status, "{}");
        let answer = revoked(bearer, reply, &acme("access_token")).await.1;
        assert_eq!(answer.error(), error(503, "temporarily_unavailable"), "{status}");
    }
}
