//! Redirect URIs match to the letter; nothing varies but the port, and only on loopback (RFC 9700 §2.1, RFC 8252 §7.3).

use keyferry_core::url::Endpoint;

use crate::support::*;

#[tokio::test]
async fn a_redirect_uri_that_is_not_the_apps_own_goes_nowhere() {
    let (sandbox, proxy) = pair().await;
    let bad = [
        "https://evil.test/",
        "http://127.0.0.1:51234/oauth/callback/sandboxx",
        "http://127.0.0.1:51234/oauth/callback/sandbox/",
        "http://127.0.0.1:51234/oauth/callback/jira",
        "http://127.0.0.1:51234/oauth/callback/..%2Fsandbox",
        "http://127.0.0.1:51234/oauth/callback/x/../sandbox",
        "http://127.0.0.1:51234/oauth/callback/%73andbox",
        "http://127.0.0.1:51234/oauth/callback/%2573andbox",
        "http://127.0.0.1:51234/oauth/..;/callback/sandbox",
        "http://127.0.0.1:51234/oauth/callback/SANDBOX",
        "HTTP://127.0.0.1:51234/oauth/callback/sandbox",
        "http://127.0.0.1:51234@evil.test/oauth/callback/sandbox",
        "http://user@127.0.0.1:51234/oauth/callback/sandbox",
        "http://127.0.0.1:51234\\@evil.test/oauth/callback/sandbox",
        "http://127.0.0.1:51234/\toauth/callback/sandbox",
        "http://127.0.0.1:51234/oauth/callback/sandbox#x",
        "http://127.0.0.1:51234/oauth/callback/sandbox?x=1",
        "http://localhost:51234/oauth/callback/sandbox",
        "http://127.0.0.1.evil.test:51234/oauth/callback/sandbox",
        "http://127.0.0.1:80/oauth/callback/sandbox",
        "http://127.0.0.1/oauth/callback/sandbox",
        "https://proxy.example/oauth/callback/sandbox",
    ];
    let mut body = redemption(&code(&sandbox).await);
    for text in bad {
        body["redirect_uri"] = text.into();
        let reply = proxy.token(&body).await;
        assert_eq!(reply.error(), error(400, "invalid_request"), "{text}");
        assert!(!reply.text().contains("evil"));
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
    body["redirect_uri"] = REDIRECT_URI.into();
    assert_eq!(proxy.token(&body).await.status, 200);
}

#[tokio::test]
async fn a_provider_that_wants_https_comes_back_to_the_proxys_own_callback_to_the_letter() {
    let sandbox = sandbox().await;
    let file = sandbox.provider_file().replace("[authorization]", "[authorization]\nredirect = \"proxy\"");
    let mut config = config(&[("sandbox", &file)], sandbox.client_secret().expose_secret());
    config.listen.public_url = Some(Endpoint::parse("https://proxy.example").unwrap());
    let proxy = start(config).await;
    let mut body = redemption("a-code");
    for (text, asked) in [
        (REDIRECT_URI, 0),
        ("https://proxy.example/oauth/callback/jira", 0),
        ("https://proxy.example/oauth/callback/sandbox/", 0),
        ("https://proxy.example:443/oauth/callback/sandbox", 0),
        ("https://proxy.example/oauth/callback/sandbox", 1),
    ] {
        body["redirect_uri"] = text.into();
        assert_eq!(proxy.token(&body).await.status, 400, "{text}");
        assert_eq!(sandbox.counters().token_requests(), asked, "{text}");
    }
    let shown = proxy.get("/oauth/providers/sandbox").await.json();
    assert_eq!(shown["redirect_uri"], "https://proxy.example/oauth/callback/sandbox");
}
