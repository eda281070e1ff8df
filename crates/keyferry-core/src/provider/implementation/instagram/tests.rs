use std::{
    collections::VecDeque,
    pin::pin,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use jiff::Timestamp;

use super::{super::SendRequest, *};
use crate::{
    delivery::Values,
    flow::{client::ClientCredentials, error::FailureClass},
    provider::{OAuth, ProviderFile},
    secret::{AuthorizationCode, ClientSecret},
};

const LONG: &str = r#"{"access_token":"long-1","token_type":"bearer","expires_in":5183944}"#;

/// Answers with what was written down, in order, and keeps what it was sent.
#[derive(Default)]
struct Script {
    replies: Mutex<VecDeque<(u16, &'static str)>>,
    sent: Mutex<Vec<String>>,
}

impl Script {
    fn of(replies: &[(u16, &'static str)]) -> Self {
        Self { replies: Mutex::new(replies.iter().copied().collect()), sent: Mutex::default() }
    }

    fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }
}

impl SendRequest for Script {
    fn send<'a>(&'a self, request: EndpointRequest<'a>) -> StepFuture<'a, EndpointReply> {
        let method = request.method;
        let line =
            format!("{method:?} {} {}", request.endpoint.as_ref().as_str(), request.body.expose_secret());
        self.sent.lock().unwrap().push(line);
        let (status, body) = self.replies.lock().unwrap().pop_front().expect("one request too many");
        Box::pin(async move { Ok(EndpointReply { status, body: SecretBytes::new(body.into()) }) })
    }
}

/// Nothing here waits for anything, so one look is enough.
fn now<T>(future: StepFuture<'_, T>) -> Result<T, StepError> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it waits"),
    }
}

fn oauth() -> OAuth {
    let (_, text) = crate::provider::builtin().find(|(name, _)| *name == "instagram").unwrap();
    let file = ProviderFile::parse("instagram".parse().unwrap(), "instagram.toml", text).unwrap().file;
    file.oauth().unwrap().clone()
}

fn with<T>(script: &Script, step: impl FnOnce(&Call<'_>) -> T) -> T {
    let client = ClientCredentials {
        client_id: "app".parse().unwrap(),
        client_secret: Some(ClientSecret::new("s&cret").unwrap()),
        signer: None,
    };
    let oauth = oauth();
    let call = Call {
        oauth: &oauth,
        client: &client,
        values: Values::default(),
        now: Timestamp::UNIX_EPOCH,
        endpoint: script,
    };
    step(&call)
}

fn exchange(script: &Script) -> Result<TokenReply, StepError> {
    with(script, |call| {
        let grant = CodeGrant {
            code: AuthorizationCode::new("c0de").unwrap(),
            redirect_uri: "https://proxy.example/oauth/callback/instagram".to_owned(),
            verifier: None,
        };
        now(call.oauth.provider().exchange_code(call, grant))
    })
}

fn refresh(script: &Script) -> Result<TokenReply, StepError> {
    let grant = RefreshGrant { token: RefreshToken::new("long+1").unwrap(), redirect_uri: None };
    with(script, |call| now(call.oauth.provider().refresh(call, grant)))
}

fn class(error: &StepError) -> Option<FailureClass> {
    match error {
        StepError::Reply(error) => Some(error.class()),
        _ => None,
    }
}

#[test]
fn a_code_becomes_a_token_of_60_days_that_renews_itself() {
    let flat = r#"{"access_token":"short-1","user_id":17841400000000001,"permissions":["instagram_business_basic"]}"#;
    let listed = r#"{"data":[{"access_token":"short-1","user_id":"17841400000000001","permissions":"instagram_business_basic"}]}"#;
    for short in [flat, listed] {
        let script = Script::of(&[(200, short), (200, LONG)]);
        let tokens = exchange(&script).unwrap();
        assert_eq!(tokens.access_token.expose_secret(), "long-1", "{short}");
        assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "long-1");
        assert_eq!(tokens.expires_in, Some(5_183_944));
        assert_eq!(tokens.scopes.unwrap().join(" "), "instagram_business_basic");
        let user = tokens.metadata.iter().next().map(|(name, text)| (name.as_str(), text.expose_secret()));
        assert_eq!(user, Some(("user_id", "17841400000000001")));
        assert_eq!(
            script.sent(),
            [
                "Post https://api.instagram.com/oauth/access_token grant_type=authorization_code&code=c0de&redirect_uri=https%3A%2F%2Fproxy.example%2Foauth%2Fcallback%2Finstagram&client_id=app&client_secret=s%26cret",
                "Get https://graph.instagram.com/access_token grant_type=ig_exchange_token&client_secret=s%26cret&access_token=short-1",
            ]
        );
    }
}

#[test]
fn a_refresh_sends_the_token_alone_and_keeps_the_new_one_for_the_next() {
    let script =
        Script::of(&[(200, r#"{"access_token":"long-2","token_type":"bearer","expires_in":5184000}"#)]);
    let tokens = refresh(&script).unwrap();
    assert_eq!(tokens.access_token.expose_secret(), "long-2");
    assert_eq!(tokens.refresh_token.unwrap().expose_secret(), "long-2");
    let sent = "Get https://graph.instagram.com/refresh_access_token grant_type=ig_refresh_token&access_token=long%2B1";
    assert_eq!(script.sent(), [sent]);
}

#[test]
fn only_a_token_that_has_ended_ends_the_grant() {
    let table = [
        (
            400,
            r#"{"error":{"message":"Session has expired","type":"OAuthException","code":190}}"#,
            FailureClass::Definite,
        ),
        (
            400,
            r#"{"error":{"message":"Too many calls","type":"OAuthException","code":4}}"#,
            FailureClass::Passing,
        ),
        (500, r#"{"error":{"message":"m","type":"OAuthException","code":190}}"#, FailureClass::Passing),
        (502, "<html>", FailureClass::Passing),
        (200, r#"{"data":[]}"#, FailureClass::Passing),
    ];
    for (status, body, expected) in table {
        let error = refresh(&Script::of(&[(status, body)])).unwrap_err();
        assert_eq!(class(&error), Some(expected), "{status} {body}");
    }
}

#[test]
fn a_code_that_is_refused_asks_for_no_second_token() {
    for body in [
        r#"{"error_type":"OAuthException","code":400,"error_message":"This authorization code has been used"}"#,
        r#"{"data":["access_token"]}"#,
        r#"{"data":[{"access_token":"a","access_token":"b"}]}"#,
    ] {
        let script = Script::of(&[(400, body)]);
        assert!(exchange(&script).is_err(), "{body}");
        assert_eq!(script.sent().len(), 1, "{body}");
    }
}
