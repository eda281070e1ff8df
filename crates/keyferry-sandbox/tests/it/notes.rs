//! The notes API and its bearer tokens (RFC 6750).

use jiff::{SignedDuration, Timestamp};
use keyferry_sandbox::{ManualClock, Person, Sandbox, consent};
use serde_json::json;

use crate::support::*;

async fn add(sandbox: &Sandbox, access_token: &str, body: &str) -> Reply {
    let url = format!("{}/api/notes", sandbox.base_url());
    send(http().post(url).bearer_auth(access_token).body(body.to_owned())).await
}

#[tokio::test]
async fn notes_belong_to_their_account() {
    let sandbox = sandbox().await;
    let ada = tokens(&sandbox).await.access;
    let url = authorization_url(&sandbox, good_request());
    let redirect = consent::approve_as(&url, Person::Grace).await.unwrap();
    let grace = redeem(&sandbox, &redirect.parameter("code").unwrap()).await.tokens().access;
    assert_eq!(add(&sandbox, &ada, &json!({ "text": "hers" }).to_string()).await.status, 201);
    assert_eq!(api(&sandbox, "/api/notes", &ada).await.json()["notes"][0]["text"], "hers");
    assert_eq!(api(&sandbox, "/api/notes", &grace).await.json(), json!({ "notes": [] }));
    assert_eq!(api(&sandbox, "/api/me", &grace).await.json()["account"], "grace");
}

#[tokio::test]
async fn a_token_that_is_not_good_is_refused_with_a_challenge() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox).await;
    for token in ["x", &tokens.access[1..], tokens.refresh(), sandbox.client_secret().expose_secret()] {
        let reply = api(&sandbox, "/api/me", token).await;
        assert_eq!(reply.error(), (401, "invalid_token".to_owned()));
        assert!(reply.header("www-authenticate").starts_with("Bearer realm="));
        assert!(reply.header("www-authenticate").contains(r#"error="invalid_token""#));
    }
    let bare = send(http().get(format!("{}/api/me", sandbox.base_url()))).await;
    assert_eq!(
        (bare.status.as_u16(), bare.header("www-authenticate")),
        (401, r#"Bearer realm="keyferry-sandbox""#)
    );
}

#[tokio::test]
async fn an_access_token_is_taken_from_the_header_alone() {
    let sandbox = sandbox().await;
    let access = tokens(&sandbox).await.access;
    let in_query = format!("{}/api/me?access_token={access}", sandbox.base_url());
    assert_eq!(send(http().get(&in_query)).await.error(), (400, "invalid_request".to_owned()));
    assert_eq!(send(http().get(&in_query).bearer_auth(&access)).await.error().0, 400);
    let url = format!("{}/api/notes", sandbox.base_url());
    let in_body = send(http().post(url).body(format!("access_token={access}"))).await;
    assert_eq!(in_body.status, 401);
    let twice =
        http().get(format!("{}/api/me", sandbox.base_url())).bearer_auth(&access).bearer_auth(&access);
    assert_eq!(send(twice).await.error(), (400, "invalid_request".to_owned()));
}

#[tokio::test]
async fn a_token_does_only_what_its_scopes_allow() {
    let sandbox = sandbox().await;
    let reader = tokens_for(&sandbox, "notes:read").await.access;
    let writer = tokens_for(&sandbox, "notes:write").await.access;
    let refused = add(&sandbox, &reader, r#"{"text":"x"}"#).await;
    assert_eq!(refused.error(), (403, "insufficient_scope".to_owned()));
    assert!(refused.header("www-authenticate").contains(r#"scope="notes:write""#));
    assert_eq!(api(&sandbox, "/api/notes", &writer).await.error(), (403, "insufficient_scope".to_owned()));
    assert_eq!(add(&sandbox, &writer, r#"{"text":"x"}"#).await.status, 201);
    assert_eq!(api(&sandbox, "/api/me", &writer).await.status, 200);
}

#[tokio::test]
async fn an_access_token_ends_with_its_lifetime() {
    let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
    let sandbox = sandbox_with(|config| config.clock = clock.clone().into()).await;
    let access = tokens(&sandbox).await.access;
    clock.advance(SignedDuration::from_secs(3599));
    assert_eq!(api(&sandbox, "/api/me", &access).await.status, 200);
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(api(&sandbox, "/api/me", &access).await.error(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn bad_notes_are_refused() {
    let sandbox = sandbox_with(|config| config.limits.notes = 1).await;
    let access = tokens(&sandbox).await.access;
    let long = json!({ "text": "x".repeat(4097) }).to_string();
    for body in ["", "{}", "[]", r#"{"text":1}"#, r#"{"text":""}"#, r#"{"text":"a","x":1}"#, "\u{0}", &long] {
        assert_eq!(add(&sandbox, &access, body).await.error(), (400, "invalid_note".to_owned()), "{body}");
    }
    assert_eq!(add(&sandbox, &access, &"x".repeat(20_000)).await.status, 413);
    assert_eq!(add(&sandbox, &access, r#"{"text":"the only one"}"#).await.status, 201);
    assert_eq!(add(&sandbox, &access, r#"{"text":"one too many"}"#).await.error().0, 409);
}
