//! The shape of token requests and replies (RFC 6749 §3.2, §5).

use keyferry_sandbox::AuthorizationKind;

use crate::support::*;

#[tokio::test]
async fn replies_and_errors_are_json_that_no_cache_keeps() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    for reply in [redeem(&sandbox, &code).await, redeem(&sandbox, "wrong").await, token(&sandbox, &[]).await]
    {
        assert_eq!(reply.header("content-type"), "application/json");
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.header("pragma"), "no-cache");
    }
}

#[tokio::test]
async fn a_request_of_the_wrong_shape_is_refused() {
    let sandbox = sandbox().await;
    let url = format!("{}/token", sandbox.base_url());
    let form = "application/x-www-form-urlencoded";
    let body = "grant_type=authorization_code";
    for (kind, body) in [
        ("application/json", r#"{"grant_type":"authorization_code"}"#),
        ("text/plain", body),
        ("", body),
        (form, "grant_type=%ff"),
        (form, "grant_type=%zz"),
        (form, "code=a&code=b"),
        (form, "unknown=1&unknown=1"),
    ] {
        let reply = send(http().post(&url).header("content-type", kind).body(body)).await;
        assert_eq!(reply.error(), (400, "invalid_request".to_owned()), "{kind} {body}");
    }
    let latin = send(http().post(&url).header("content-type", form).body(b"grant_type=\xe9".to_vec())).await;
    assert_eq!(latin.error(), (400, "invalid_request".to_owned()));
    let huge = send(http().post(&url).header("content-type", form).body("a".repeat(10 * 1024 * 1024))).await;
    assert_eq!(huge.status, 413);
    for method in [reqwest::Method::GET, reqwest::Method::PUT] {
        assert_eq!(send(http().request(method, &url)).await.status, 405);
    }
}

#[tokio::test]
async fn only_two_grant_types_are_offered() {
    let sandbox = sandbox().await;
    for grant in
        ["password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:device_code"]
    {
        let reply = token(&sandbox, &[("grant_type", grant)]).await;
        assert_eq!(reply.error(), (400, "unsupported_grant_type".to_owned()), "{grant}");
    }
    assert_eq!(token(&sandbox, &[]).await.error(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn parameters_in_the_url_are_refused() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    let path = format!("/token?client_secret={}", sandbox.client_secret().expose_secret());
    let mut fields = redemption(&code);
    fields.push(("client_id", sandbox.client_id()));
    let reply = send(post_form(&sandbox, &path, &fields)).await;
    assert_eq!(reply.error(), (400, "invalid_request".to_owned()));
    assert_eq!(redeem(&sandbox, &code).await.status, 200);
}

#[tokio::test]
async fn errors_echo_nothing_of_the_request() {
    let sandbox = sandbox().await;
    let canary = "canary<script>";
    for fields in [
        vec![("grant_type", canary)],
        redemption(canary),
        vec![("grant_type", "refresh_token"), ("refresh_token", canary), ("scope", canary)],
    ] {
        assert!(!token(&sandbox, &fields).await.text().contains("canary"));
    }
}

#[tokio::test]
async fn token_requests_are_counted_and_recorded_as_they_came() {
    let sandbox = sandbox_with(|config| config.limits.recorded_requests = 3).await;
    token(&sandbox, &[("grant_type", "forgotten")]).await;
    token(&sandbox, &[("grant_type", "refresh_token"), ("note", "é +&")]).await;
    let basic =
        post_form(&sandbox, "/token", &[("grant_type", "authorization_code")]).basic_auth("a", Some("b"));
    send(basic).await;
    send(http().get(format!("{}/token?a=1", sandbox.base_url()))).await;
    let counts = sandbox.counters();
    assert_eq!((counts.code_requests, counts.refresh_requests, counts.other_token_requests), (1, 1, 2));
    let recorded = sandbox.recorded_token_requests();
    assert_eq!(recorded.len(), 3);
    assert_eq!(recorded[0].field("note"), Some("é +&"));
    assert_eq!(recorded[0].content_type.as_deref(), Some("application/x-www-form-urlencoded"));
    assert_eq!((recorded[0].method.as_str(), recorded[0].authorization), ("POST", AuthorizationKind::None));
    assert_eq!(recorded[1].authorization, AuthorizationKind::Basic);
    assert_eq!((recorded[2].method.as_str(), recorded[2].query.as_deref()), ("GET", Some("a=1")));
}

#[tokio::test]
async fn a_full_store_of_tokens_answers_503_and_makes_room_for_nobody_by_force() {
    let sandbox = sandbox_with(|config| config.limits.tokens = 1).await;
    let first = tokens(&sandbox).await;
    let code = code(&sandbox).await;
    assert_eq!(redeem(&sandbox, &code).await.error(), (503, "temporarily_unavailable".to_owned()));
    assert_eq!(api(&sandbox, "/api/me", &first.access).await.status, 200);
}
