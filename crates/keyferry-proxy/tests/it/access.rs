//! Who may use the proxy: nobody redeems anything under its client secrets without being let in (RFC 9700 §2.5).

use keyferry_proxy::{AccessKey, AccessKeys};
use serde_json::json;

use crate::support::{raw::RawProvider, *};

const ADA: &str = "the-access-key-of-ada-0123456789";
const BOB: &str = "the-access-key-of-bob-0123456789";

#[tokio::test]
async fn without_an_access_key_no_provider_hears_anything() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.access = AccessKeys::parse(&format!("ada={ADA} bob={BOB}")).unwrap();
    let proxy = start(config).await;
    let body = redemption(&code(&sandbox).await);
    for key in ["", "x", "the-access-key-of-ada-012345678", "the-access-key-of-ada-01234567890"] {
        for path in ["/oauth/token", "/oauth/revoke"] {
            let reply = proxy.post_as(key, path, &body).await;
            assert_eq!(reply.error(), error(401, "invalid_client"), "{path}");
            assert_eq!(reply.header("www-authenticate"), Some("Bearer realm=\"keyferry-proxy\""));
        }
        for path in ["/oauth/providers", "/oauth/providers/sandbox", "/oauth/providers/nobody"] {
            assert_eq!(send(http().get(proxy.url(path)).bearer_auth(key)).await.status, 401, "{path}");
        }
    }
    let in_the_url = proxy.post(&format!("/oauth/token?access_token={ADA}"), &body).await;
    assert_eq!(in_the_url.status, 401);
    let basic = http().post(proxy.url("/oauth/token")).basic_auth("ada", Some(ADA)).json(&body);
    assert_eq!(send(basic).await.status, 401);
    assert_eq!(sandbox.counters().token_requests(), 0);
    for path in ["/health", "/ready", "/openapi.json"] {
        assert_eq!(proxy.get(path).await.status, 200, "{path}");
    }
    assert_eq!(proxy.post_as(BOB, "/oauth/token", &body).await.status, 200);
}

#[tokio::test]
async fn the_key_of_a_caller_does_not_go_on_to_the_provider() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.access = AccessKeys::parse(&format!("ada={ADA}")).unwrap();
    let proxy = start(config).await;
    let mut body = refreshment("sandbox", "x");
    assert_eq!(proxy.post_as(ADA, "/oauth/token", &body).await.status, 400);
    body["extra"] = json!(ADA);
    assert!(!proxy.post_as(ADA, "/oauth/token", &body).await.text().contains(ADA));
    let request = sandbox.recorded_token_requests().pop().unwrap();
    assert_eq!(request.authorization, keyferry_sandbox::AuthorizationKind::None);
}

#[tokio::test]
async fn a_key_opens_its_own_providers_alone() {
    let sandbox = sandbox().await;
    let file = sandbox.provider_file();
    let mut config = config(&[("sandbox", &file), ("other", &file)], sandbox.client_secret().expose_secret());
    let entry = AccessKey::entry("ada", ADA, Some(vec!["other".parse().unwrap()]), None).unwrap();
    config.access = AccessKeys::parse(&format!("{entry}\nbob={BOB}")).unwrap();
    let proxy = start(config).await;
    let names = async |key: &str| {
        let listed = send(http().get(proxy.url("/oauth/providers")).bearer_auth(key)).await.json();
        listed["providers"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!((names(ADA).await, names(BOB).await.len()), (vec!["other".to_owned()], 2));
    let shown = async |key: &str| {
        send(http().get(proxy.url("/oauth/providers/sandbox")).bearer_auth(key)).await.status
    };
    assert_eq!((shown(ADA).await, shown(BOB).await), (404, 200));
    let body = redemption(&code(&sandbox).await);
    for path in ["/oauth/token", "/oauth/revoke"] {
        assert_eq!(
            proxy.post_as(ADA, path, &body).await.status,
            if path == "/oauth/token" { 404 } else { 400 }
        );
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
    assert_eq!(proxy.post_as(BOB, "/oauth/token", &body).await.status, 200);
}

#[tokio::test]
async fn a_proxy_that_is_open_to_all_redeems_no_code_without_pkce() {
    let provider = RawProvider::answering(raw::json("200 OK", r#"{"access_token":"a"}"#)).await;
    let file =
        provider.file("").replace("acme.example/authorize\"", "acme.example/authorize\"\npkce = \"none\"");
    let redemption = json!({
        "provider": "acme", "grant_type": "authorization_code", "code": "c", "redirect_uri": "http://127.0.0.1:51234/oauth/callback/acme",
    });
    for (open, expected) in [(false, 200), (true, 400)] {
        let mut config = config(&[("acme", &file)], "s");
        config.listen.open = open;
        let proxy = start(config).await;
        assert_eq!(proxy.token(&redemption).await.status, expected, "{open}");
        assert_eq!(proxy.token(&refreshment("acme", "r")).await.status, 200);
    }
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn a_redirect_uri_that_the_operator_listed_is_taken_to_the_letter() {
    let provider = RawProvider::answering(raw::json("200 OK", r#"{"access_token":"a"}"#)).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    config.credentials.allow_redirect_uri("acme".parse().unwrap(), "https://app.example/callback".to_owned());
    let proxy = start(config).await;
    let ask = async |uri: &str| {
        let body = json!({
            "provider": "acme", "grant_type": "authorization_code", "code": "c", "redirect_uri": uri, "code_verifier": VERIFIER,
        });
        proxy.token(&body).await.status
    };
    assert_eq!(ask("https://app.example/callback").await, 200);
    for uri in [
        "https://app.example/callback/",
        "https://app.example/callback?x=1",
        "https://app.example/callback/..%2Fx",
        "https://app.example:443/callback",
        "https://APP.example/callback",
        "https://app.example@evil.test/callback",
        "https://app.example.evil.test/callback",
        "https://app.example/callback#x",
        "https://app.example\\callback",
        "http://app.example/callback",
        "https://app.example/%63allback",
        "https://app.example/\tcallback",
    ] {
        assert_eq!(ask(uri).await, 400, "{uri}");
    }
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test]
async fn only_pages_of_listed_origins_may_call() {
    let sandbox = sandbox().await;
    let mut config = config_for(&sandbox);
    config.callers.origins = vec!["https://app.example".parse().unwrap()];
    let proxy = start(config).await;
    let preflight = async |origin: &str| {
        let request = http().request(reqwest::Method::OPTIONS, proxy.url("/oauth/token"));
        let request = request.header("access-control-request-method", "POST").header("origin", origin);
        send(request).await
    };
    let allowed = preflight("https://app.example").await;
    assert_eq!(
        (allowed.status, allowed.header("access-control-allow-origin")),
        (204, Some("https://app.example"))
    );
    let post = http().post(proxy.url("/oauth/token")).header("origin", "https://app.example");
    let answered = send(post.json(&refreshment("sandbox", "x"))).await;
    assert_eq!(
        (answered.status, answered.header("access-control-allow-origin")),
        (400, Some("https://app.example"))
    );
    assert_eq!(answered.header("vary"), Some("origin"));
    let asked = sandbox.counters().token_requests();
    for origin in [
        "https://evil.test",
        "null",
        "https://app.example.evil.test",
        "http://app.example",
        "https://APP.example",
    ] {
        let refused = preflight(origin).await;
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, None), "{origin}");
        let post = http().post(proxy.url("/oauth/token")).header("origin", origin);
        let refused = send(post.json(&refreshment("sandbox", "x"))).await;
        assert_eq!((refused.status, refused.header("access-control-allow-origin")), (403, None), "{origin}");
    }
    assert_eq!(sandbox.counters().token_requests(), asked);
}
