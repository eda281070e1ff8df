//! Redirect URIs match to the letter; nothing varies but the port, and only on loopback (RFC 9700 §2.1, RFC 8252 §7.3).

use keyferry_core::url::Endpoint;

use crate::support::{
    raw::{self, RawProvider},
    *,
};

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

#[tokio::test]
async fn a_refresh_repeats_the_redirect_uri_where_its_service_wants_it_and_no_other_than_the_apps_own() {
    for (lines, repeated) in [("", false), ("refresh_redirect_uri = true", true)] {
        let provider = RawProvider::answering(raw::json("200 OK", r#"{"access_token":"a"}"#)).await;
        let proxy = start(config(&[("acme", &provider.file(lines))], "s3cret")).await;
        let mut body = refreshment("acme", "r");
        assert_eq!(proxy.token(&body).await.status, 200, "a connection of before knows none");
        for text in [
            "https://evil.test/",
            "http://127.0.0.1:51234/oauth/callback/jira",
            "http://localhost:51234/oauth/callback/acme",
        ] {
            body["redirect_uri"] = text.into();
            assert_eq!(proxy.token(&body).await.error(), error(400, "invalid_request"), "{text}");
        }
        body["redirect_uri"] = "http://127.0.0.1:51234/oauth/callback/acme".into();
        assert_eq!(proxy.token(&body).await.status, 200);
        let sent: Vec<_> =
            provider.requests().iter().map(|request| request.contains("redirect_uri")).collect();
        assert_eq!(sent, [false, repeated]);
        let own = "&redirect_uri=http%3A%2F%2F127.0.0.1%3A51234%2Foauth%2Fcallback%2Facme&";
        assert_eq!(provider.requests()[1].contains(own), repeated, "{lines}");
    }
}
