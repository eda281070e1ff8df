//! Client authentication at the provider (RFC 6749 §2.3): exactly one method, never in the URL.

use base64::{Engine, engine::general_purpose::STANDARD};

use crate::support::{
    raw::{RawProvider, json},
    *,
};

const SECRET: &str = ": % + & space é";
const ENCODED: &str = "%3A+%25+%2B+%26+space+%C3%A9";

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
