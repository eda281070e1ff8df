//! Client authentication (RFC 6749 §2.3).

use base64::{Engine, engine::general_purpose::STANDARD};
use keyferry_sandbox::SandboxSecret;
use url::form_urlencoded::byte_serialize;

use crate::support::*;

const AWKWARD: &str = "s:e c%r+e&té";

fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    format!("Basic {}", STANDARD.encode(format!("{}:{}", encode(id), encode(secret))))
}

#[tokio::test]
async fn basic_and_post_carry_a_secret_with_awkward_characters() {
    let sandbox = sandbox_with(|config| {
        config.client_id = "a client: é".to_owned();
        config.client_secret = Some(SandboxSecret::new(AWKWARD));
    })
    .await;
    let by_post = token(&sandbox, &redemption("unknown")).await;
    assert_eq!(by_post.error(), (400, "invalid_grant".to_owned()));
    let header = basic("a client: é", AWKWARD);
    let by_basic = post_form(&sandbox, "/token", &redemption("unknown")).header("authorization", header);
    assert_eq!(send(by_basic).await.error(), (400, "invalid_grant".to_owned()));
}

#[tokio::test]
async fn basic_redeems_a_code() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    let header = basic(sandbox.client_id(), sandbox.client_secret().expose_secret());
    let request = post_form(&sandbox, "/token", &redemption(&code)).header("authorization", header);
    send(request).await.tokens();
}

#[tokio::test]
async fn two_ways_at_once_are_refused_and_cost_no_code() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    let secret = sandbox.client_secret().expose_secret();
    let header = basic(sandbox.client_id(), secret);
    for extra in
        [("client_secret", secret), ("client_secret", ""), ("client_assertion", "x"), ("client_id", "other")]
    {
        let mut fields = redemption(&code);
        fields.push(extra);
        let reply = send(post_form(&sandbox, "/token", &fields).header("authorization", &header)).await;
        assert_eq!(reply.error(), (400, "invalid_request".to_owned()), "{extra:?}");
    }
    let twice = post_form(&sandbox, "/token", &redemption(&code));
    let twice = twice.header("authorization", &header).header("authorization", &header);
    assert_eq!(send(twice).await.error(), (400, "invalid_request".to_owned()));
    assert_eq!(redeem(&sandbox, &code).await.status, 200);
}

#[tokio::test]
async fn a_client_that_is_not_known_gets_401_and_a_challenge_only_for_basic() {
    let sandbox = sandbox().await;
    let (id, secret) = (sandbox.client_id(), sandbox.client_secret().expose_secret());
    for fields in [
        &[("client_id", id)][..],
        &[("client_id", id), ("client_secret", "")],
        &[("client_id", id), ("client_secret", "wrong")],
        &[("client_id", "wrong"), ("client_secret", secret)],
        &[("client_secret", secret)],
        &[],
    ] {
        let mut all = redemption("code");
        all.extend(fields);
        let reply = send(post_form(&sandbox, "/token", &all)).await;
        assert_eq!(reply.error(), (401, "invalid_client".to_owned()), "{fields:?}");
        assert!(reply.headers.get("www-authenticate").is_none());
    }
    for header in
        [basic(id, "wrong"), basic("wrong", secret), "Basic !".to_owned(), format!("Bearer {secret}")]
    {
        let reply =
            send(post_form(&sandbox, "/token", &redemption("code")).header("authorization", header)).await;
        assert_eq!(reply.error(), (401, "invalid_client".to_owned()));
        assert!(reply.header("www-authenticate").starts_with("Basic realm="));
    }
}
