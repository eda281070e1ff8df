//! The stand-in from outside: it demands what a service demands, and answers as it was recorded.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use keyferry_sandbox::stand_in::{
    Callback, Cast, Client, Demands, Endpoints, Part, RecordedReply, Recording, StandIn,
};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::{Reply, challenge, http, send};

const VERIFIER: &str = "a-verifier-of-the-tests-with-enough-characters-0123";
const TO: &str = "http://127.0.0.1:7667/oauth/callback/acme";

const DEMANDS: &str = r#"
[authorize]
endpoint = "https://acme.example/authorize"
params = { client_id = "me" }
present = ["redirect_uri", "state"]
absent = ["prompt"]
[token]
endpoint = "https://acme.example/token"
authentication = "AUTHENTICATION"
format = "form"
params = ["grant_type", "code", "redirect_uri"]
headers = { x-version = "1" }
[refresh]
endpoint = "https://acme.example/token"
params = ["grant_type", "refresh_token"]
[revoke]
endpoint = "https://acme.example/revoke"
params = ["token", "token_type_hint"]
[account]
headers = { x-client = "me" }
"#;

async fn stand_in(demands: &str) -> StandIn {
    let reply = |text: &str| RecordedReply::parse(text.as_bytes()).unwrap();
    let recording = Recording {
        callback: Callback::new("code=the-code&state={state}&shop=blue"),
        tokens: vec![
            reply(
                "HTTP/1.1 200 OK\nx-kept: yes\n\n{\"access_token\":\"access-1\",\"refresh_token\":\"refresh-1\"}",
            ),
            reply("HTTP/1.1 200 OK\n\n{\"access_token\":\"access-long\"}"),
        ],
        refresh: Some(reply("HTTP/1.1 200 OK\n\naccess_token=access-2")),
        errors: vec![
            reply("HTTP/1.1 403 Forbidden\n\n{\"error\":\"gone\"}"),
            reply("HTTP/1.1 401 Unauthorized\n\n{\"error\":\"who\"}"),
        ],
        account: Some(reply("HTTP/1.1 200 OK\n\n{\"email\":\"ada@acme.example\"}")),
        revoke: None,
        demands: Demands::parse(demands).unwrap(),
    };
    let endpoints = Endpoints {
        authorization: "acme.example/authorize".to_owned(),
        token: "acme.example/token".to_owned(),
        refresh: None,
        revocation: Some("acme.example/revoke".to_owned()),
    };
    let client = Client { id: "me".to_owned(), secret: "s3cret".to_owned() };
    StandIn::start(recording, Cast { client, endpoints, plain: vec!["grant_type".to_owned()] }).await.unwrap()
}

async fn strict() -> StandIn {
    stand_in(&DEMANDS.replace("AUTHENTICATION", "basic")).await
}

async fn authorize(service: &StandIn, query: &[(&str, &str)]) -> Reply {
    send(http().get(format!("{}/acme.example/authorize", service.origin())).query(query)).await
}

type Fields<'a> = &'a [(&'a str, &'a str)];

const ASKED: [(&str, &str); 3] = [("client_id", "me"), ("redirect_uri", TO), ("state", "a state")];

const EXCHANGE: [(&str, &str); 3] =
    [("grant_type", "authorization_code"), ("code", "the-code"), ("redirect_uri", TO)];

/// A good token request but for `fields`.
async fn post(service: &StandIn, path: &str, fields: &[(&str, &str)]) -> Reply {
    let basic = format!("Basic {}", STANDARD.encode("me:s3cret"));
    let request = http().post(format!("{}/acme.example/{path}", service.origin())).form(fields);
    send(request.header("authorization", basic).header("x-version", "1")).await
}

/// What the stand-in says of the last request.
fn findings(service: &StandIn) -> String {
    service.take_requests().pop().unwrap().findings.join("\n")
}

#[tokio::test]
async fn a_good_flow_gets_the_recorded_replies() {
    let service = strict().await;
    let redirect = authorize(&service, &ASKED).await;
    assert_eq!(
        (redirect.status.as_u16(), redirect.header("location")),
        (303, &*format!("{TO}?code=the-code&state=a+state&shop=blue"))
    );
    let first = post(&service, "token", &EXCHANGE).await;
    assert_eq!((first.status.as_u16(), first.header("x-kept")), (200, "yes"));
    let further =
        format!("{}/acme.example/exchange?grant_type=longer&access_token=access-1", service.origin());
    assert_eq!(send(http().get(further)).await.json()["access_token"], "access-long");
    let refreshed =
        post(&service, "token", &[("grant_type", "refresh_token"), ("refresh_token", "refresh-1")]).await;
    assert_eq!(refreshed.text(), "access_token=access-2");
    let account = http().get(format!("{}/api.acme.example/me", service.origin())).bearer_auth("access-1");
    assert_eq!(send(account.header("x-client", "me")).await.json()["email"], "ada@acme.example");
    assert_eq!(
        post(&service, "revoke", &[("token", "refresh-1"), ("token_type_hint", "refresh_token")])
            .await
            .status,
        200
    );
    let seen = service.take_requests();
    let parts: Vec<_> = seen.iter().map(|request| request.part).collect();
    use Part::*;
    assert_eq!(parts, [Authorization, Token, Token, Refresh, Account, Revocation]);
    assert_eq!(seen.iter().flat_map(|request| &request.findings).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(seen[1].url, "https://acme.example/token");
    let shown = format!("{}{service:?}", json!(seen));
    for secret in ["the-code", "access-", "refresh-1", "s3cret", &STANDARD.encode("me:s3cret")] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(shown.contains("authorization_code"), "plain configuration is shown");
    service.shutdown().await;
}

#[tokio::test]
async fn what_is_missing_in_the_authorization_request_is_said() {
    let service = strict().await;
    for (query, sentence) in [
        (&ASKED[1..], "lacks `client_id=me`"),
        (&[("client_id", "you"), ASKED[1], ASKED[2]], "`client_id=you`, the service asks for `me`"),
        (&ASKED[..2], "lacks `state`"),
        (&[ASKED[0], ASKED[1], ASKED[2], ("prompt", "x")], "`prompt`, which the service does not take"),
        (&[ASKED[0], ASKED[1], ASKED[2], ASKED[2]], "`state` twice"),
    ] {
        let refused = authorize(&service, query).await;
        assert_eq!(refused.error(), (400, "invalid_request".to_owned()), "{sentence}");
        assert!(findings(&service).contains(sentence), "{sentence}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_token_request_is_said() {
    let url = |service: &StandIn| format!("{}/acme.example/token", service.origin());
    let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
    let good = basic("me:s3cret");
    let other = [EXCHANGE[0], ("code", "other"), EXCHANGE[2]];
    let elsewhere = [EXCHANGE[0], EXCHANGE[1], ("redirect_uri", "http://127.0.0.1:1/")];
    let verified = [EXCHANGE[0], EXCHANGE[1], EXCHANGE[2], ("code_verifier", VERIFIER)];
    let in_body = [EXCHANGE[0], EXCHANGE[1], EXCHANGE[2], ("client_secret", "s3cret")];
    let table: [(Fields<'_>, &str, &str, &str); 8] = [
        (&EXCHANGE, "", "1", "does not authenticate with HTTP Basic"),
        (&EXCHANGE, &basic("me:other"), "1", "not the client's id and secret"),
        (&EXCHANGE, &good, "2", "the header `x-version` of the token request is not `1`"),
        (&EXCHANGE[..2], &good, "1", "lacks `redirect_uri`"),
        (&other, &good, "1", "does not carry the code"),
        (&elsewhere, &good, "1", "another `redirect_uri`"),
        (&verified, &good, "1", "no `code_challenge` came before"),
        (&in_body, &good, "1", "the client secret in header and body"),
    ];
    let service = strict().await;
    for (fields, authorization, version, sentence) in table {
        authorize(&service, &ASKED).await;
        let request = http().post(url(&service)).form(fields).header("x-version", version);
        let request =
            if authorization.is_empty() { request } else { request.header("authorization", authorization) };
        assert_eq!(send(request).await.error(), (400, "invalid_request".to_owned()), "{sentence}");
        let found = findings(&service);
        assert!(found.contains(sentence), "{sentence}: {found}");
        assert!(!found.contains("s3cret") && !found.contains("the-code"), "{found}");
    }
    authorize(&service, &ASKED).await;
    let request = http().post(url(&service)).json(&json!({ "grant_type": "authorization_code" }));
    send(request.header("authorization", good)).await;
    assert!(findings(&service).contains("is not application/x-www-form-urlencoded"));
}

#[tokio::test]
async fn code_and_verifier_belong_together() {
    let demands = DEMANDS
        .replace("AUTHENTICATION", "basic")
        .replace("\"redirect_uri\"]\nh", "\"redirect_uri\", \"code_verifier\"]\nh");
    let service = stand_in(&demands).await;
    let code_challenge = challenge(VERIFIER);
    let other = "another-verifier-of-the-tests-with-enough-characters";
    for (verifier, sentence) in
        [(VERIFIER, ""), (other, "does not fit the `code_challenge`"), ("short", "does not fit")]
    {
        let asked = [ASKED[0], ASKED[1], ASKED[2], ("code_challenge", &code_challenge)];
        authorize(&service, &asked).await;
        let fields = [EXCHANGE[0], EXCHANGE[1], EXCHANGE[2], ("code_verifier", verifier)];
        let status = post(&service, "token", &fields).await.status;
        assert_eq!(status, if sentence.is_empty() { 200 } else { 400 }, "{verifier}");
        assert!(findings(&service).contains(sentence), "{verifier}");
    }
}

#[tokio::test]
async fn later_steps_carry_what_the_service_handed_out() {
    let service = strict().await;
    post(&service, "token", &[("grant_type", "refresh_token"), ("refresh_token", "made-up")]).await;
    assert!(findings(&service).contains("the refresh carries no token that the service handed out"));
    post(&service, "revoke", &[("token", "made-up")]).await;
    assert!(findings(&service).contains("the revocation carries no token"));
    let me = format!("{}/api.acme.example/me", service.origin());
    send(http().get(&me).header("x-client", "me")).await;
    assert!(findings(&service).contains("does not carry the access token"));
    send(http().get(&me).bearer_auth("access-1")).await;
    assert!(findings(&service).contains("lacks the header `x-client`"));
    post(&service, "unknown", &[("token", "refresh-1")]).await;
    assert!(findings(&service).contains("the revocation went to https://acme.example/unknown"));
}

#[tokio::test]
async fn a_client_that_must_not_or_can_not_use_a_secret_is_held_to_it() {
    let fields = [EXCHANGE[0], EXCHANGE[1], EXCHANGE[2]];
    let service = stand_in(&DEMANDS.replace("AUTHENTICATION", "none")).await;
    authorize(&service, &ASKED).await;
    post(&service, "token", &fields).await;
    assert!(findings(&service).contains("an Authorization header, which the service does not take there"));
    let service = stand_in(&DEMANDS.replace("AUTHENTICATION", "assertion")).await;
    authorize(&service, &ASKED).await;
    let request = http().post(format!("{}/acme.example/token", service.origin())).form(&fields);
    send(request.header("x-version", "1")).await;
    let found = findings(&service);
    assert!(found.contains("client_assertion_type") && found.contains("is not for its endpoint"), "{found}");
}

#[tokio::test]
async fn a_dead_grant_is_answered_with_each_recorded_error() {
    let service = strict().await;
    service.refuse_with(1);
    let fields = [("grant_type", "refresh_token"), ("refresh_token", "refresh-1")];
    assert_eq!(post(&service, "token", &fields).await.error(), (403, "gone".to_owned()));
    service.refuse_with(2);
    assert_eq!(post(&service, "token", &fields).await.error(), (401, "who".to_owned()));
    assert_eq!(post(&service, "token", &EXCHANGE).await.status, 401);
}

#[tokio::test]
async fn without_demands_nothing_is_demanded_and_a_reply_that_was_not_recorded_is_said() {
    let service = stand_in("").await;
    assert_eq!(authorize(&service, &ASKED[1..]).await.status, 303);
    assert_eq!(send(http().post(format!("{}/acme.example/token", service.origin()))).await.status, 200);
    assert_eq!(findings(&service), "");
    let empty = Recording::default();
    let cast = Cast {
        client: Client { id: String::new(), secret: String::new() },
        endpoints: Endpoints::default(),
        plain: Vec::new(),
    };
    let service = StandIn::start(empty, cast).await.unwrap();
    send(http().get(format!("{}/api.acme.example/me", service.origin()))).await;
    assert!(findings(&service).contains("account.http"));
}

#[tokio::test]
async fn a_revocation_in_a_services_own_way_is_held_to_it() {
    let demands = "[token]\nendpoint = \"https://acme.example/token\"\nauthentication = \"basic\"\nformat = \"form\"\nparams = []\n\
        [revoke]\nendpoint = \"https://acme.example/revoke\"\n";
    let by_token = "method = \"DELETE\"\nauthentication = \"bearer\"\nformat = \"none\"\nparams = []\ntoken = \"access_token\"\n";
    let in_json =
        "method = \"DELETE\"\nformat = \"json\"\nparams = [\"accessToken\"]\ntoken = \"access_token\"\n";
    let (bearer, other) = ("Bearer access-1", "Bearer refresh-1");
    let basic = format!("Basic {}", STANDARD.encode("me:s3cret"));
    let json = |token: &str| Some(json!({ "accessToken": token }));
    let table = [
        (by_token, Method::DELETE, bearer, None, ""),
        (by_token, Method::POST, bearer, None, "is a POST, the service asks for DELETE"),
        (by_token, Method::DELETE, bearer, json("access-1"), "has a body, which the service does not take"),
        (by_token, Method::DELETE, other, None, "carries no access_token that the service handed out"),
        (by_token, Method::DELETE, &basic, None, "does not authenticate with the token as a bearer token"),
        (in_json, Method::DELETE, &basic, json("access-1"), ""),
        (
            in_json,
            Method::DELETE,
            &basic,
            json("refresh-1"),
            "carries no access_token that the service handed out",
        ),
        (in_json, Method::DELETE, &basic, None, "is not application/json"),
        (
            in_json,
            Method::DELETE,
            bearer,
            json("access-1"),
            "that is not the client's id and secret by HTTP Basic",
        ),
    ];
    for (revoke, method, authorization, body, sentence) in table {
        let service = stand_in(&format!("{demands}{revoke}")).await;
        let url = format!("{}/acme.example/revoke", service.origin());
        let request = http().request(method.clone(), url).header("authorization", authorization);
        let reply = send(body.iter().fold(request, RequestBuilder::json)).await;
        let found = findings(&service);
        assert!(found.contains(sentence), "{sentence}: {found}");
        assert_eq!(reply.status == 200, sentence.is_empty(), "{method} {authorization}: {found}");
        assert!(!found.contains("access-1") && !found.contains("refresh-1"), "{found}");
    }
}

#[tokio::test]
async fn the_accounts_request_is_held_to_its_method_and_its_body() {
    let demands = "[token]\nendpoint = \"https://acme.example/token\"\nauthentication = \"basic\"\nformat = \"form\"\nparams = []\n\
        [account]\nmethod = \"POST\"\n";
    let asking = "json = { query = \"{ me }\" }\n";
    let body = |query: &str| Some(json!({ "query": query }));
    let table = [
        (asking, Method::POST, body("{ me }"), ""),
        (
            asking,
            Method::POST,
            body("{ you }"),
            "the body of the account's request is not what the service takes",
        ),
        (asking, Method::POST, None, "is not application/json"),
        (asking, Method::GET, None, "the account's request is a GET, the service asks for POST"),
        ("", Method::POST, None, ""),
        ("", Method::POST, body("{ me }"), "has a body, which the service does not take"),
    ];
    for (json, method, body, sentence) in table {
        let service = stand_in(&format!("{demands}{json}")).await;
        let request = http().request(method.clone(), format!("{}/api.acme.example/me", service.origin()));
        let request = body.iter().fold(request, RequestBuilder::json);
        let reply = send(request.bearer_auth("access-1")).await;
        let seen = service.take_requests().pop().unwrap();
        let found = seen.findings.join("\n");
        assert_eq!(seen.part, Part::Account);
        assert!(found.contains(sentence), "{sentence}: {found}");
        assert_eq!(reply.status == 200, sentence.is_empty(), "{method}: {found}");
    }
}
