//! `/oauth/callback/{provider}`

use keyferry_core::{secret::State, url::Endpoint};

use crate::support::*;

async fn proxy_with(redirect: &str) -> TestProxy {
    let file = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n{redirect}\n[token]\nendpoint = \"https://a.example/t\"\n"
    );
    let mut config = config(&[("acme", &file)], "s");
    config.listen.public_url = Some(Endpoint::parse("https://proxy.example").unwrap());
    start(config).await
}

#[tokio::test]
async fn an_answer_is_sent_on_to_loopback_and_nowhere_else() {
    let proxy = proxy_with("redirect = \"proxy\"").await;
    let state = State::returning_to(7667, [1; 32]);
    let state = state.expose_secret();
    for query in [
        format!("code=c%2F1&state={state}&realmId=7"),
        format!("error=access_denied&state={state}"),
        format!("code=c&state={state}&next=https://evil.test&iss=https%3A%2F%2Fa.example"),
    ] {
        let reply = proxy.get(&format!("/oauth/callback/acme?{query}")).await;
        let target = format!("http://127.0.0.1:7667/oauth/callback/acme?{query}");
        assert_eq!((reply.status, reply.header("location")), (303, Some(target.as_str())));
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("referrer-policy"), Some("no-referrer"));
    }
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
