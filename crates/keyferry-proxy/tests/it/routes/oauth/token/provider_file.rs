//! What each key of a provider file makes of the request on the wire, and of the reply.

use serde_json::{Value, json};

use crate::support::{
    raw::{RawProvider, json as reply_of},
    *,
};

const TOKENS: &str = r#"{"access_token":"a"}"#;

/// What the provider got for `body`, of a provider file with these lines in `[token]` and below; and what the caller got.
async fn asked(token: &str, reply: &str, body: Value) -> (String, Reply) {
    let provider = RawProvider::answering(reply_of("200 OK", reply)).await;
    let token = token.replace("BASE", &format!("http://{}", provider.address));
    let proxy = start(config(&[("acme", &provider.file(&token))], "s3cret")).await;
    let answer = proxy.token(&body).await;
    let request = provider.requests().into_iter().next().unwrap_or_default();
    (request, answer)
}

fn exchange() -> Value {
    json!({
        "provider": "acme", "grant_type": "authorization_code", "code": "c0de", "redirect_uri": "http://127.0.0.1:7667/oauth/callback/acme",
        "code_verifier": VERIFIER,
    })
}

#[tokio::test]
async fn a_body_is_json_where_the_provider_wants_json() {
    let (request, _) =
        asked("request_format = \"json\"\nparams = { extra = \"é\\\"\" }", TOKENS, exchange()).await;
    assert!(request.contains("content-type: application/json\r\n"), "{request}");
    let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
    let expected = json!({
        "grant_type": "authorization_code", "code": "c0de", "redirect_uri": "http://127.0.0.1:7667/oauth/callback/acme",
        "code_verifier": VERIFIER, "extra": "é\"", "client_id": "keyferry-sandbox", "client_secret": "s3cret",
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_refresh_goes_to_its_own_endpoint_with_its_own_parameters() {
    let lines = "params = { only = \"exchange\" }\nrefresh_params = { only = \"refresh\" }\nrefresh_endpoint = \"BASE/again\"";
    let (request, _) = asked(lines, TOKENS, refreshment("acme", "r")).await;
    assert!(request.starts_with("POST /again HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("&only=refresh&") && !request.contains("exchange"), "{request}");
    let (request, _) = asked(lines, TOKENS, exchange()).await;
    assert!(
        request.starts_with("POST /token HTTP/1.1\r\n") && request.contains("&only=exchange&"),
        "{request}"
    );
}

#[tokio::test]
async fn a_service_gets_its_own_names_and_headers() {
    let lines = "headers = { X-Client = \"{client_id}\", Accept-Language = \"en\" }\nrename = { client_id = \"client_key\", redirect_uri = \"\", code = \"auth_code\" }";
    let (request, _) = asked(lines, TOKENS, exchange()).await;
    assert!(request.contains("\r\nx-client: keyferry-sandbox\r\naccept-language: en\r\n"), "{request}");
    let body = request.split_once("\r\n\r\n").unwrap().1;
    assert!(body.contains("auth_code=c0de") && body.contains("client_key=keyferry-sandbox"), "{body}");
    assert!(!body.contains("redirect_uri") && !body.contains("client_id="), "{body}");
}

#[tokio::test]
async fn a_value_of_the_persons_stands_in_the_url_and_only_in_the_form_that_is_asked_for() {
    let lines = "refresh_endpoint = \"BASE/{config.tenant}/token\"\n[config.tenant]\npattern = \"[a-z ]+\"\ndefault = \"common\"\n";
    for (given, path) in [(json!({}), "/common/token"), (json!({ "tenant": "a b" }), "/a%20b/token")] {
        let mut body = refreshment("acme", "r");
        body["config"] = given;
        let (request, _) = asked(lines, TOKENS, body).await;
        assert!(request.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{request}");
    }
    for bad in [
        json!({ "tenant": "../x" }),
        json!({ "tenant": "A" }),
        json!({ "host": "evil.test" }),
        json!({ "tenant\u{0}": "x" }),
    ] {
        let mut body = refreshment("acme", "r");
        body["config"] = bad.clone();
        let (request, answer) = asked(lines, TOKENS, body).await;
        assert_eq!((request.as_str(), answer.error()), ("", error(400, "invalid_request")), "{bad}");
        assert!(!answer.text().contains("evil"));
    }
}

#[tokio::test]
async fn a_secret_goes_to_no_host_that_a_caller_names() {
    let file = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://{config.host}/t\"\n\
        [config.host]\npattern = \"[a-z.]+\"\n";
    let proxy = start(config(&[("acme", file)], "s3cret")).await;
    for (host, outcome) in
        [("evil.test", "host"), ("localhost", "config"), ("127.0.0.1", "config"), ("a.test/x", "config")]
    {
        let mut body = refreshment("acme", "r");
        body["config"] = json!({ "host": host });
        let answer = proxy.token(&body).await;
        assert_eq!(answer.error(), error(400, "invalid_request"), "{host}");
        assert!(!answer.text().contains(host), "{outcome}");
    }
    assert_eq!(
        proxy
            .metric(
                "keyferry_proxy_exchanges_total{provider=\"acme\",grant=\"refresh_token\",outcome=\"ok\"}"
            )
            .await,
        0
    );
}

#[tokio::test]
async fn what_a_redirect_told_stands_where_the_file_asks_for_it() {
    let lines = "params = { company = \"{metadata.realmId}\" }\n[callback]\nmetadata = [\"realmId\"]\n";
    let mut body = exchange();
    body["callback"] = json!({ "realmId": "4620&x=1", "other": "y" });
    let (request, _) = asked(lines, TOKENS, body).await;
    assert!(request.contains("&company=4620%26x%3D1&") && !request.contains("other"), "{request}");
}

#[tokio::test]
async fn a_reply_of_the_services_own_form_arrives_in_the_standard_one() {
    let lines = "expires_in = 7200\n[token.response]\naccess_token = \"/data/token\"\nscope = \"/data/scopes\"\nmetadata = { shop = \"/data/shop\" }\n";
    let reply = r#"{"data":{"token":"a","scopes":["x","y"],"shop":7}}"#;
    let (_, answer) = asked(lines, reply, exchange()).await;
    let expected = json!({
        "access_token": "a", "token_type": "Bearer", "expires_in": 7200, "scope": "x y", "metadata": { "shop": "7" },
    });
    assert_eq!(answer.json(), expected);
}

#[tokio::test]
async fn a_failure_inside_a_success_and_a_code_of_the_services_own_are_told_as_standard_errors() {
    let lines = "[token.response]\nerror = { at = \"/ok\", is = false, message = \"/error\" }\nerrors = { gone = \"invalid_grant\" }\n";
    for (reply, expected) in [
        (r#"{"ok":false,"error":"gone"}"#, error(400, "invalid_grant")),
        (r#"{"ok":false,"error":"canary"}"#, error(400, "server_error")),
    ] {
        let (_, answer) = asked(lines, reply, refreshment("acme", "r")).await;
        assert_eq!(answer.error(), expected);
        assert!(!answer.text().contains("canary"));
    }
}

#[tokio::test]
async fn tokens_that_can_not_be_refreshed_are_not_sent_for_a_refresh() {
    let (request, answer) = asked("refresh = false", TOKENS, refreshment("acme", "r")).await;
    assert_eq!((request.as_str(), answer.error()), ("", error(400, "unsupported_grant_type")));
    assert!(answer.text().contains("Sign in again"));
}

#[tokio::test]
async fn a_point_in_time_becomes_a_life() {
    let (_, answer) = asked(
        "[token.response]\nexpires_at = \"/until\"\n",
        r#"{"access_token":"a","until":4000000000}"#,
        exchange(),
    )
    .await;
    let life = answer.json()["expires_in"].as_u64();
    assert!(life.is_none_or(|life| life > 0), "{}", answer.text());
    let (_, answer) =
        asked("[token.response]\nexpires_at = \"/until\"\n", r#"{"access_token":"a","until":1}"#, exchange())
            .await;
    assert_eq!(answer.json()["expires_in"], 0);
}
