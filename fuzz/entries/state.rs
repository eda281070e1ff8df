//! What holds for any query that comes to the app as the answer to a sign-in, and for any `state`, which also tells the proxy where the
//! app waits.

use std::sync::LazyLock;

use jiff::{SignedDuration, Timestamp};
use keyferry_core::{
    fact::Facts,
    flow::{
        callback::{
            CallbackError, PendingSignIn, SIGN_IN_LIFE, SignInEntropy, SignInStart, UnverifiedCallback,
        },
        send_on::ReturnTo,
    },
    provider::ProviderFile,
    scope::Scopes,
    secret::State,
    url::RedirectUri,
};
use url::Url;

const FILE: &str = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\nredirect = \"proxy\"\n\
    [callback]\nmetadata = [\"realmId\"]\n[token]\nendpoint = \"https://a.example/t\"\n";
const ENTROPY: [u8; 32] = [1; 32];
const PORT: u16 = 7_667;
const BEGUN: Timestamp = Timestamp::UNIX_EPOCH;

static ACME: LazyLock<ProviderFile> = LazyLock::new(|| {
    ProviderFile::parse("acme".parse().expect("a name"), "acme.toml", FILE).expect("a provider file").file
});

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    state(text);
    for (_, value) in url::form_urlencoded::parse(bytes) {
        state(&value);
    }
    answer(text);
}

/// A text that is a `state` says one place or none, and says it in one way.
fn state(text: &str) {
    let Ok(state) = State::new(text) else { return };
    assert_eq!(state.expose_secret(), text);
    assert_eq!(format!("{state:?}"), "[redacted]");
    let Some(to) = state.return_to() else { return };
    let (entropy, place) = text.split_once('~').expect("a place stands behind a mark");
    assert!(entropy.len() >= 43 && place == to.to_string(), "{place} was read as {to}");
    match to {
        ReturnTo::Ipv4(port) | ReturnTo::Ipv6(port) => assert!(port >= 1_024),
        ReturnTo::App => {}
    }
    assert_eq!(State::returning_to(to, ENTROPY).return_to(), Some(to));
}

/// A query is taken for the answer to a sign-in only with its very `state`, once, and with a code and no error.
fn answer(query: &str) {
    let Ok(callback) = UnverifiedCallback::parse(query) else { return };
    let pending = begin();
    let own = State::returning_to(PORT, ENTROPY);
    let values = |wanted: &str| -> Vec<String> {
        let pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs.filter(|(name, _)| name == wanted).map(|(_, value)| value.into_owned()).collect()
    };
    let ours = values("state") == [own.expose_secret()];
    assert_eq!(callback.state_key() == Ok(pending.key()), ours, "another state, or one that stands twice");
    let printed = format!("{callback:?}");
    match pending.receive(callback, &ACME.name, BEGUN) {
        Ok(taken) => {
            assert!(ours && values("error").is_empty());
            assert_eq!(values("code"), [taken.code.expose_secret()]);
            let issuers = values("iss");
            let host = |issuer: &String| Url::parse(issuer).ok()?.host_str().map(str::to_owned);
            assert!(issuers.iter().all(|issuer| host(issuer).as_deref() == Some("a.example")), "{issuers:?}");
            assert!(taken.metadata.iter().all(|(name, _)| name.as_str() == "realmId"));
            let code = taken.code.expose_secret();
            assert!(code.len() < 16 || query.matches(code).count() > 1 || !printed.contains(code));
        }
        Err(error) => {
            assert!(ours || error == CallbackError::UnknownState, "{error}, of a stranger's answer");
            assert!(error.to_string().len() < 100);
        }
    }
    elsewhere(query);
}

/// At another provider's address, and too late, no answer is taken at all.
fn elsewhere(query: &str) {
    let other = "other".parse().expect("a name");
    let late = BEGUN + SIGN_IN_LIFE + SignedDuration::from_secs(1);
    for (name, now) in [(&other, BEGUN), (&ACME.name, late)] {
        let Ok(callback) = UnverifiedCallback::parse(query) else { return };
        let refused = begin().receive(callback, name, now).err();
        let expected = [CallbackError::UnknownState, CallbackError::OtherProvider, CallbackError::Expired];
        assert!(refused.is_some_and(|error| expected.contains(&error)), "{refused:?}");
    }
}

fn begin() -> PendingSignIn {
    let start = SignInStart {
        provider: &ACME.name,
        oauth: ACME.oauth().expect("a flow"),
        client_id: "client".parse().expect("an id"),
        redirect_uri: RedirectUri::loopback(([127, 0, 0, 1], PORT).into(), &ACME.name).expect("an address"),
        scopes: Scopes::default(),
        config: Facts::default(),
        entropy: SignInEntropy { state: ENTROPY, verifier: [2; 32], return_port: PORT },
    };
    PendingSignIn::begin(start, BEGUN).expect("a sign-in").0
}
