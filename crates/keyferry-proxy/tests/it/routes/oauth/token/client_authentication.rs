//! Client authentication at the provider (RFC 6749 §2.3): exactly one method, never in the URL.

use base64::{Engine, engine::general_purpose::STANDARD};
use keyferry_core::secret::ClientSecret;
use serde_json::Value;

use crate::support::{
    raw::{RawProvider, json},
    *,
};

const SECRET: &str = ": % + & space é";
const ENCODED: &str = "%3A+%25+%2B+%26+space+%C3%A9";

fn revocation(provider: &str) -> Value {
    serde_json::json!({ "provider": provider, "token": "t" })
}

async fn sent(token: &str) -> (String, String) {
    let provider = RawProvider::answering(json("200 OK", r#"{"access_token":"a"}"#)).await;
    let proxy = start(config(&[("acme", &provider.file(token))], SECRET)).await;
    assert_eq!(proxy.token(&refreshment("acme", "r")).await.status, 200);
    let request = provider.requests().remove(0);
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /token HTTP/1.1\r\n"), "{head}");
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn the_secret_is_in_the_body_by_default() {
    let (head, body) = sent("").await;
    assert!(!head.contains("authorization:"));
    assert!(body.ends_with(&format!("&client_id=keyferry-sandbox&client_secret={ENCODED}")), "{body}");
}

#[tokio::test]
async fn with_basic_it_is_in_the_header_alone_form_encoded_first() {
    let (head, body) = sent("client_auth = \"client_secret_basic\"").await;
    let basic = STANDARD.encode(format!("keyferry-sandbox:{ENCODED}"));
    assert!(head.contains(&format!("authorization: Basic {basic}\r\n")), "{head}");
    assert_eq!(body, "grant_type=refresh_token&refresh_token=r");
}

#[tokio::test]
async fn a_public_client_sends_its_id_alone() {
    let (head, body) = sent("client_auth = \"none\"").await;
    assert!(!head.contains("authorization:"));
    assert_eq!(body, "grant_type=refresh_token&refresh_token=r&client_id=keyferry-sandbox");
}

#[tokio::test]
async fn a_secret_goes_to_its_own_provider_alone() {
    let names = ["acme", "acme-2", "acm"];
    let mut providers = Vec::new();
    for _ in names {
        providers.push(RawProvider::answering(json("200 OK", r#"{"access_token":"a"}"#)).await);
    }
    let files: Vec<_> = providers.iter().map(|provider| provider.file("")).collect();
    let pairs: Vec<_> = names.into_iter().zip(files.iter().map(String::as_str)).collect();
    let mut config = config(&pairs, "unused");
    for name in names {
        let name: keyferry_core::id::ProviderName = name.parse().unwrap();
        let mut client = config.credentials.get(&name).unwrap().clone();
        client.client_secret = Some(ClientSecret::new(format!("secret-of-{name}.")).unwrap());
        config.credentials.insert(name, client);
    }
    let proxy = start(config).await;
    for name in names {
        assert_eq!(proxy.token(&refreshment(name, "r")).await.status, 200);
        assert_eq!(proxy.post("/oauth/revoke", &revocation(name)).await.status, 200);
    }
    for (name, provider) in names.iter().zip(&providers) {
        let requests = provider.requests();
        assert_eq!(requests.len(), 2);
        for request in requests {
            assert_eq!(request.matches("secret-of-").count(), 1, "{request}");
            assert!(request.ends_with(&format!("client_secret=secret-of-{name}.")), "{request}");
            assert!(request.contains(&format!("host: {}\r\n", provider.address)));
        }
    }
}

#[tokio::test]
async fn the_request_says_who_asks_and_wants_plain_json() {
    let (head, _) = sent("").await;
    for header in [
        "accept: application/json",
        "accept-encoding: identity",
        "content-type: application/x-www-form-urlencoded",
        concat!("user-agent: keyferry/", env!("CARGO_PKG_VERSION")),
    ] {
        assert!(head.contains(header), "{header} is not in {head}");
    }
    assert_eq!(head.lines().count(), 7, "{head}");
}
