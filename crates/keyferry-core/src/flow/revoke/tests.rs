use super::*;
use crate::{
    flow::client::Method,
    provider::{ProviderFile, RequestFormat},
    secret::ClientSecret,
};

/// A flow whose `[token]` has `token` and whose `[revocation]` has `revocation`.
fn oauth(token: &str, revocation: &str) -> OAuth {
    let text = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://a.example/t\"\n{token}\n\
         [revocation]\nendpoint = \"https://a.example/applications/{{client_id}}/grant\"\n{revocation}\n"
    );
    let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text);
    file.unwrap_or_else(|findings| panic!("{findings}")).file.oauth().unwrap().clone()
}

/// What is sent: method, URL, the `Authorization` header, and the body with its format.
fn sent(token: &str, revocation: &str) -> (Method, String, String, Option<RequestFormat>, String) {
    let oauth = oauth(token, revocation);
    let client = ClientCredentials {
        client_id: "me/../you".parse().unwrap(),
        client_secret: Some(ClientSecret::new("s3cret").unwrap()),
        signer: None,
    };
    let secret = SecretText::new("canary").unwrap();
    let hint = Some(TokenTypeHint::AccessToken);
    let request = revocation_request(&oauth, &client, &secret, hint, &Values::default()).unwrap().unwrap();
    assert!(!format!("{request:?}").contains("canary"), "{request:?}");
    let authorization = request.authorization.map(|value| value.expose_secret().to_owned());
    (
        request.method,
        request.endpoint.as_str().to_owned(),
        authorization.unwrap_or_default(),
        request.format,
        request.body.expose_secret().to_owned(),
    )
}

const ENDPOINT: &str = "https://a.example/applications/me%2F..%2Fyou/grant";
const BASIC: &str = "Basic bWUlMkYuLiUyRnlvdTpzM2NyZXQ=";

#[test]
fn what_a_file_does_not_say_is_as_at_the_token_endpoint() {
    use RequestFormat::{Form, Json};
    let table = [
        (
            "",
            "",
            "",
            Some(Form),
            "token=canary&token_type_hint=access_token&client_id=me%2F..%2Fyou&client_secret=s3cret",
        ),
        (
            "client_auth = \"client_secret_basic\"\nrequest_format = \"json\"\nrename = { token_type_hint = \"\" }",
            "",
            BASIC,
            Some(Json),
            "{\"token\":\"canary\"}",
        ),
        (
            "rename = { token_type_hint = \"\" }",
            "client_auth = \"none\"",
            "",
            Some(Form),
            "token=canary&client_id=me%2F..%2Fyou",
        ),
    ];
    for (token, revocation, authorization, format, body) in table {
        let expected = (Method::Post, ENDPOINT.into(), authorization.into(), format, body.into());
        assert_eq!(sent(token, revocation), expected, "{token} {revocation}");
    }
}

#[test]
fn a_service_may_want_another_method_body_and_names() {
    use RequestFormat::{Form, Json};
    let table = [
        (
            "method = \"DELETE\"\nclient_auth = \"client_secret_basic\"\nrequest_format = \"json\"\nrename = { token = \"access_token\", token_type_hint = \"\" }",
            (Method::Delete, BASIC, Some(Json), "{\"access_token\":\"canary\"}"),
        ),
        ("bearer = true\nrequest_format = \"none\"", (Method::Post, "Bearer canary", None, "")),
        (
            "bearer = true\nrename = { token_type_hint = \"\" }",
            (Method::Post, "Bearer canary", Some(Form), "token=canary"),
        ),
        (
            "request_format = \"json\"\nparams = { all = \"yes\" }\nrename = { token = \"accessToken\", token_type_hint = \"\", client_id = \"clientId\", client_secret = \"clientSecret\" }",
            (
                Method::Post,
                "",
                Some(Json),
                "{\"accessToken\":\"canary\",\"all\":\"yes\",\"clientId\":\"me/../you\",\"clientSecret\":\"s3cret\"}",
            ),
        ),
    ];
    for (revocation, (method, authorization, format, body)) in table {
        let expected = (method, ENDPOINT.into(), authorization.into(), format, body.into());
        assert_eq!(sent("", revocation), expected, "{revocation}");
    }
}

#[test]
fn headers_are_those_of_the_token_endpoint_or_its_own() {
    let headers = |revocation: &str| -> Vec<String> {
        let oauth = oauth("headers = { X-Of = \"token\" }", revocation);
        let client =
            ClientCredentials { client_id: "me".parse().unwrap(), client_secret: None, signer: None };
        let secret = SecretText::new("t").unwrap();
        let request =
            revocation_request(&oauth, &client, &secret, None, &Values::default()).unwrap().unwrap();
        let shown = |(name, value): &(&str, SecretText)| format!("{name}: {}", value.expose_secret());
        request.headers.iter().map(shown).collect()
    };
    assert_eq!(headers(""), ["x-of: token"]);
    assert_eq!(headers("headers = { X-Own = \"1\" }"), ["x-own: 1"]);
    assert_eq!(headers("headers = {}"), [""; 0]);
}

#[test]
fn only_the_services_own_word_ends_a_token() {
    let standard = &oauth("", "");
    let bearer = &oauth("", "bearer = true");
    let slack = &oauth(
        "[token.response]\nerror = { at = \"/ok\", is = false, message = \"/error\" }",
        "bearer = true",
    );
    let table = [
        (standard, 200, "", Ok(())),
        (standard, 204, "", Ok(())),
        (standard, 400, r#"{"error":"invalid_token"}"#, Ok(())),
        (standard, 400, r#"{"error":"invalid_grant"}"#, Ok(())),
        (standard, 200, r#"{"error":"odd"}"#, Err(Some(ErrorCode::Unrecognized))),
        (standard, 401, r#"{"error":"invalid_client"}"#, Err(Some(ErrorCode::InvalidClient))),
        (standard, 401, "", Err(None)),
        (standard, 404, "<html>", Err(None)),
        (standard, 422, r#"{"message":"Validation Failed"}"#, Err(None)),
        (bearer, 401, "", Ok(())),
        (bearer, 401, "<html>", Ok(())),
        (bearer, 401, r#"{"error":{".tag":"expired_access_token"}}"#, Ok(())),
        (bearer, 401, r#"{"error":"invalid_client"}"#, Err(Some(ErrorCode::InvalidClient))),
        (bearer, 401, r#"{"error":"slow_down"}"#, Err(Some(ErrorCode::TemporarilyUnavailable))),
        (bearer, 403, "", Err(None)),
        (bearer, 404, "", Err(None)),
        (bearer, 400, r#"{"error":{".tag":"x"}}"#, Err(Some(ErrorCode::Unrecognized))),
        (slack, 200, r#"{"ok":true,"revoked":true}"#, Ok(())),
        (slack, 200, r#"{"ok":false,"error":"token_revoked"}"#, Ok(())),
        (slack, 200, r#"{"ok":false,"error":"ratelimited"}"#, Err(Some(ErrorCode::TemporarilyUnavailable))),
    ];
    for (oauth, status, body, expected) in table {
        let shown = format!("{:?} {status} {body}", oauth.revocation.as_ref().unwrap().authentication);
        assert_eq!(read_revocation(oauth, status, body.as_bytes()), expected, "{shown}");
    }
}
