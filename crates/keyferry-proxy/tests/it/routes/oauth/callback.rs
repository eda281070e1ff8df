//! `/oauth/callback/{provider}`

use keyferry_core::{flow::send_on::ReturnTo, secret::State, url::Endpoint};

use crate::support::*;

async fn proxy_with(redirect: &str) -> TestProxy {
    let file = format!(
        "display_name = \"A & B\"\n[authorization]\nendpoint = \"https://a.example/a\"\n{redirect}\n[callback]\nmetadata = [\"realmId\"]\n[token]\nendpoint = \"https://a.example/t\"\n"
    );
    let mut config = config(&[("acme", &file)], "s");
    config.listen.public_url = Some(Endpoint::parse("https://proxy.example").unwrap());
    start(config).await
}

#[tokio::test]
async fn an_answer_is_sent_on_to_loopback_and_nowhere_else() {
    let proxy = proxy_with("redirect = \"proxy\"").await;
    for (to, base) in
        [(ReturnTo::Ipv4(7667), "http://127.0.0.1:7667"), (ReturnTo::Ipv6(7667), "http://[::1]:7667")]
    {
        let state = State::returning_to(to, [1; 32]);
        let state = state.expose_secret();
        for query in [
            format!("code=c%2F1&state={state}&realmId=7"),
            format!("error=access_denied&state={state}"),
            format!("code=c&state={state}&iss=https%3A%2F%2Fa.example"),
        ] {
            let reply = proxy.get(&format!("/oauth/callback/acme?{query}&next=https://evil.test")).await;
            let target = format!("{base}/oauth/callback/acme?{query}");
            assert_eq!((reply.status, reply.header("location")), (303, Some(target.as_str())));
            protected(&reply);
        }
    }
}

#[tokio::test]
async fn an_app_with_a_scheme_of_its_own_gets_the_answer_from_a_page() {
    let proxy = proxy_with("redirect = \"proxy\"").await;
    let state = State::returning_to(ReturnTo::App, [1; 32]);
    let query = format!("code=c\"><script>&state={}", state.expose_secret());
    let reply = proxy
        .get(&format!(
            "/oauth/callback/acme?{}",
            query.replace('"', "%22").replace('<', "%3C").replace('>', "%3E")
        ))
        .await;
    let target = reply.header("refresh").unwrap().strip_prefix("0;url=").unwrap();
    assert_eq!(reply.status, 200);
    assert!(target.starts_with("keyferry://oauth-callback/acme?code=c%22%3E%3Cscript%3E&state="), "{target}");
    let page = reply.text();
    assert!(page.contains(&target.replace('&', "&amp;")) && page.contains("A &amp; B"), "{page}");
    assert!(!page.contains("<script"));
    protected(&reply);
}

#[tokio::test]
async fn an_error_without_a_sign_in_is_told_and_nothing_of_it_repeated() {
    let proxy = proxy_with("redirect = \"proxy\"").await;
    for (error, told) in [("access_denied", "access_denied"), ("canary%3Cscript%3E", "server_error")] {
        let reply = proxy.get(&format!("/oauth/callback/acme?error={error}&error_description=canary")).await;
        let page = reply.text();
        assert_eq!((reply.status, reply.header("location"), reply.header("refresh")), (400, None, None));
        assert!(page.contains(told) && page.contains("A &amp; B") && !page.contains("canary"), "{page}");
        protected(&reply);
    }
}

/// What every page and redirect with a code in its address carries.
fn protected(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; frame-ancestors 'none'"), "{policy}");
}

#[tokio::test]
async fn a_state_that_names_no_port_of_the_app_leads_nowhere() {
    let proxy = proxy_with("redirect = \"proxy\"").await;
    let plain = State::from_entropy([1; 32]);
    let plain = plain.expose_secret();
    for query in [
        String::new(),
        "code=canary".to_owned(),
        format!("code=canary&state={plain}"),
        format!("code=canary&state={plain}~80"),
        format!("code=canary&state={plain}~7667@evil.test"),
        format!("code=canary&state={plain}~7667%0d%0aX-Evil:1"),
        format!("code=canary&state={plain}~7667.evil.test"),
        format!("code=canary&state={plain}~7667&state={plain}~7668"),
        "code=canary&state=short~7667".to_owned(),
        format!("code={}&state={plain}~7667", "c".repeat(40_000)),
    ] {
        let reply = proxy.get(&format!("/oauth/callback/acme?{query}")).await;
        assert!([400, 414, 431].contains(&reply.status), "{} {}", reply.status, query.len());
        assert_eq!(reply.header("location"), None, "{query}");
        assert!(!reply.text().contains("canary"));
    }
}

#[tokio::test]
async fn a_provider_that_comes_back_to_loopback_has_no_callback_here() {
    let proxy = proxy_with("").await;
    let state = State::returning_to(7667, [1; 32]);
    for name in ["acme", "unknown", "..%2facme", "acme/x"] {
        let path = format!("/oauth/callback/{name}?code=c&state={}", state.expose_secret());
        let reply = proxy.get(&path).await;
        assert_eq!((reply.status, reply.header("location")), (404, None), "{name}");
    }
}
