//! The authorization response (RFC 6749 §4.1.2, RFC 9207): from a query that a stranger may have written to a code that this
//! sign-in asked for.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use super::{
    authorize::{AuthorizationRequest, InvalidRequest},
    error::ErrorCode,
    pkce::CodeChallenge,
};
use crate::{
    fact::Facts,
    id::{ClientId, ProviderName},
    provider::{CallbackFormat, OAuth, Pkce, Redirect},
    scope::Scopes,
    secret::{AuthorizationCode, CodeVerifier, SecretText, State},
    url::{AuthorizationUrl, Issuer, RedirectUri},
};

/// How long a person may take to sign in. A longer life gives a stolen `state` or an abandoned page more time to be of use.
pub const SIGN_IN_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// The longest query that is read, in bytes. Codes of a few kilobytes are seen in practice.
const LONGEST_QUERY: usize = 32 * 1024;

/// Why an authorization response is not accepted. Holds nothing of the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CallbackError {
    /// A parameter stands twice (RFC 6749 §3.1), the query is overlong, or a value can't be what it claims to be.
    #[error("the response is malformed")]
    Malformed,
    /// No `state`, or one that no sign-in waits for.
    #[error("no sign-in waits for this response")]
    UnknownState,
    /// The sign-in was begun too long ago.
    #[error("the sign-in was begun more than 10 minutes ago")]
    Expired,
    /// The response came to another provider's path (RFC 9700 §4.4).
    #[error("the response came in at another provider's address")]
    OtherProvider,
    /// `iss` names another issuer than the one that was asked, or is missing although the provider sends it (RFC 9207 §2.4).
    #[error("the response names another issuer than the one that was asked")]
    OtherIssuer,
    /// Both `code` and `error`, or neither.
    #[error("the response is neither an approval nor a refusal")]
    Ambiguous,
    /// The provider, or the person at its page, refused.
    #[error("the provider answered with the error {}", .0.as_str())]
    Refused(ErrorCode),
}

/// The most parameters of a response.
const MOST_PARAMETERS: usize = 64;

/// Parameters that mean the same at every provider.
const STANDARD: [&str; 4] = ["state", "code", "error", "iss"];

/// A query as it came, nothing in it believed yet. The standard parameters stand in it at most once.
#[derive(Debug)]
pub struct UnverifiedCallback {
    state: Option<State>,
    unverified: Vec<(String, SecretText)>,
}

/// The key under which a pending sign-in is kept: a digest, so that a lookup leaks nothing of the `state` by its timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateKey([u8; 32]);

impl UnverifiedCallback {
    /// Reads the query of a redirect.
    ///
    /// # Errors
    /// [`CallbackError::Malformed`] for an overlong query, or a standard parameter that stands twice.
    pub fn parse(query: &str) -> Result<Self, CallbackError> {
        if query.len() > LONGEST_QUERY {
            return Err(CallbackError::Malformed);
        }
        let mut unverified: Vec<(String, SecretText)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let twice = STANDARD.contains(&name.as_ref()) && unverified.iter().any(|(seen, _)| *seen == name);
            if twice || unverified.len() == MOST_PARAMETERS {
                return Err(CallbackError::Malformed);
            }
            let value = SecretText::new(value.into_owned()).map_err(|_| CallbackError::Malformed)?;
            unverified.push((name.into_owned(), value));
        }
        let state = unverified.iter().position(|(name, _)| name == "state");
        let state = state.map(|at| unverified.swap_remove(at).1);
        Ok(Self { state: state.and_then(|text| State::new(text.expose_secret()).ok()), unverified })
    }

    /// A parameter that stands once.
    fn unverified(&self, name: &str) -> Result<Option<&SecretText>, CallbackError> {
        let mut found = self.unverified.iter().filter(|(known, _)| known == name).map(|(_, value)| value);
        match (found.next(), found.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => Err(CallbackError::Malformed),
        }
    }

    /// The key of the sign-in that this response claims to answer.
    ///
    /// # Errors
    /// [`CallbackError::UnknownState`] when there is no usable `state`.
    pub fn state_key(&self) -> Result<StateKey, CallbackError> {
        self.state.as_ref().map(StateKey::of).ok_or(CallbackError::UnknownState)
    }
}

impl StateKey {
    fn of(state: &State) -> Self {
        Self(Sha256::digest(state.expose_secret()).into())
    }
}

/// A sign-in that waits for its response. Not `Clone`, and consumed by the response.
#[derive(Debug)]
pub struct PendingSignIn {
    /// The provider that was asked.
    pub provider: ProviderName,
    /// The client that asked.
    pub client_id: ClientId,
    /// What was asked for.
    pub scopes: Scopes,
    /// When the person was sent off.
    pub started_at: Timestamp,
    redirect_uri: RedirectUri,
    key: StateKey,
    verifier: Option<CodeVerifier>,
    issuer: Option<Issuer>,
    /// The host that the person was sent to.
    host: Option<String>,
    format: CallbackFormat,
    /// What the person was asked for.
    pub config: Facts,
}

/// The entropy of one sign-in, fresh from the operating system for each, and where its answer is awaited.
#[derive(Debug)]
pub struct SignInEntropy {
    /// For the `state`.
    pub state: [u8; 32],
    /// For the code verifier.
    pub verifier: [u8; 32],
    /// The loopback port of the app, for a proxy that has to send the answer on.
    pub return_port: u16,
}

/// What a sign-in begins with.
#[derive(Debug)]
pub struct SignInStart<'a> {
    /// The provider that is asked.
    pub provider: &'a ProviderName,
    /// Its flow.
    pub oauth: &'a OAuth,
    /// The client that asks.
    pub client_id: ClientId,
    /// Where the answer goes.
    pub redirect_uri: RedirectUri,
    /// What is asked for.
    pub scopes: Scopes,
    /// What the person was asked for.
    pub config: Facts,
    /// Randomness.
    pub entropy: SignInEntropy,
}

/// A code that answers a sign-in of ours, with what its exchange needs (RFC 6749 §4.1.3).
#[derive(Debug)]
pub struct AuthorizedCode {
    /// The provider that issued it.
    pub provider: ProviderName,
    /// The client that it was issued to.
    pub client_id: ClientId,
    /// What was asked for.
    pub scopes: Scopes,
    /// The code.
    pub code: AuthorizationCode,
    /// The verifier of this sign-in alone.
    pub verifier: Option<CodeVerifier>,
    /// The redirect URI of the request, for an exact repetition.
    pub redirect_uri: RedirectUri,
    /// What the person was asked for.
    pub config: Facts,
    /// What the provider added to the redirect, as its file asks to keep it.
    pub metadata: Facts,
}

impl PendingSignIn {
    /// Begins a sign-in: the step to keep, and the URL to open.
    ///
    /// # Errors
    /// [`InvalidRequest`] when a value is missing, or the authorization URL gets longer than browsers take.
    pub fn begin(start: SignInStart<'_>, now: Timestamp) -> Result<(Self, AuthorizationUrl), InvalidRequest> {
        let SignInStart { provider, oauth, client_id, redirect_uri, scopes, config, entropy } = start;
        let state = match oauth.authorization.redirect {
            Redirect::Loopback => State::from_entropy(entropy.state),
            Redirect::Proxy => State::returning_to(entropy.return_port, entropy.state),
        };
        let verifier =
            (oauth.authorization.pkce == Pkce::S256).then(|| CodeVerifier::from_entropy(entropy.verifier));
        let challenge = verifier.as_ref().map(CodeChallenge::of);
        let request = AuthorizationRequest {
            oauth,
            client_id: &client_id,
            redirect_uri: &redirect_uri,
            scopes: &scopes,
            state: &state,
            code_challenge: challenge.as_ref(),
            config: &config,
        };
        let url = request.url()?;
        let pending = Self {
            provider: provider.clone(),
            client_id,
            scopes,
            started_at: now,
            redirect_uri,
            key: StateKey::of(&state),
            verifier,
            issuer: oauth.authorization.issuer.clone(),
            host: url.url().host_str().map(str::to_owned),
            format: oauth.callback.clone(),
            config,
        };
        Ok((pending, url))
    }

    /// The key to keep it under.
    #[must_use]
    pub fn key(&self) -> StateKey {
        self.key
    }

    /// Whether its time is over. A clock that was set back does not prolong it.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.started_at);
        age > SIGN_IN_LIFE || age < -SIGN_IN_LIFE
    }

    /// Takes the response to this sign-in that came in at the path of `path_provider`.
    ///
    /// The order matters: nothing of the response is used before `state`, path, time and issuer are right, so that a stranger
    /// can neither end a sign-in with an invented error nor slip in another provider's code.
    ///
    /// # Errors
    /// [`CallbackError`]; the sign-in is spent in every case.
    pub fn receive(
        self,
        callback: UnverifiedCallback,
        path_provider: &ProviderName,
        now: Timestamp,
    ) -> Result<AuthorizedCode, CallbackError> {
        if callback.state_key()? != self.key {
            return Err(CallbackError::UnknownState);
        }
        if *path_provider != self.provider {
            return Err(CallbackError::OtherProvider);
        }
        if self.is_expired(now) {
            return Err(CallbackError::Expired);
        }
        let issuer = callback.unverified("iss")?.map(SecretText::expose_secret);
        let same = match &self.issuer {
            Some(expected) => issuer == Some(expected.as_str()),
            // Nobody stated the issuer. One that lives at another host than the page that the person was sent to is surely another.
            None => issuer.is_none_or(|issuer| host(issuer) == self.host),
        };
        if !same {
            return Err(CallbackError::OtherIssuer);
        }
        let error = callback.unverified("error")?;
        match (callback.unverified(&self.format.code)?, error) {
            (Some(code), None) => {
                let code = AuthorizationCode::new(code.expose_secret());
                let code = code.map_err(|_| CallbackError::Malformed)?;
                Ok(AuthorizedCode {
                    metadata: self.format.keep(&callback)?,
                    provider: self.provider,
                    client_id: self.client_id,
                    scopes: self.scopes,
                    code,
                    verifier: self.verifier,
                    redirect_uri: self.redirect_uri,
                    config: self.config,
                })
            }
            (None, Some(error)) => {
                Err(CallbackError::Refused(ErrorCode::from_provider(error.expose_secret())))
            }
            _ => Err(CallbackError::Ambiguous),
        }
    }
}

fn host(issuer: &str) -> Option<String> {
    Issuer::parse(issuer).ok()?.url().host_str().map(str::to_owned)
}

impl CallbackFormat {
    /// The facts that the provider file asks to keep. One that the response lacks, or that is too long, has no value.
    fn keep(&self, callback: &UnverifiedCallback) -> Result<Facts, CallbackError> {
        let kept = self.metadata.iter().map(|name| {
            let value = callback.unverified(name.as_str())?;
            Ok(value.map(|value| (name.clone(), value.clone())))
        });
        let kept: Vec<_> = kept.collect::<Result<_, CallbackError>>()?;
        Ok(kept.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{flow::send_on::ReturnTo, provider::ProviderFile};

    const STATE: [u8; 32] = [3; 32];

    fn begin(issuer: Option<&str>) -> PendingSignIn {
        let issuer = issuer.map(|text| format!("issuer = \"{text}\"")).unwrap_or_default();
        begin_at(&issuer, "")
    }

    fn begin_at(authorization: &str, further: &str) -> PendingSignIn {
        let text = format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/auth\"\n{authorization}\n[token]\nendpoint = \"https://a.example/token\"\n{further}"
        );
        let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file;
        let redirect = RedirectUri::loopback("127.0.0.1:7667".parse().unwrap(), &file.name).unwrap();
        let start = SignInStart {
            provider: &file.name,
            oauth: file.oauth().unwrap(),
            client_id: "client".parse().unwrap(),
            redirect_uri: redirect,
            scopes: Scopes::default(),
            config: Facts::default(),
            entropy: SignInEntropy { state: STATE, verifier: [4; 32], return_port: 7667 },
        };
        PendingSignIn::begin(start, at(0)).unwrap().0
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn receive(
        pending: PendingSignIn,
        query: &str,
        path: &str,
        second: i64,
    ) -> Result<AuthorizedCode, CallbackError> {
        let state = State::from_entropy(STATE);
        let query = query.replace("STATE", state.expose_secret());
        pending.receive(UnverifiedCallback::parse(&query)?, &path.parse().unwrap(), at(second))
    }

    #[test]
    fn a_code_comes_with_the_verifier_and_redirect_of_its_own_sign_in() {
        let code = receive(begin(None), "code=c0de&state=STATE", "acme", 599).unwrap();
        assert_eq!(code.code.expose_secret(), "c0de");
        assert_eq!(
            code.verifier.unwrap().expose_secret(),
            CodeVerifier::from_entropy([4; 32]).expose_secret()
        );
        assert_eq!(code.redirect_uri.as_str(), "http://127.0.0.1:7667/oauth/callback/acme");
    }

    #[test]
    fn what_is_not_the_answer_to_this_sign_in_is_refused() {
        use CallbackError::*;
        let refused = Refused(ErrorCode::AccessDenied);
        let table = [
            ("code=c", "acme", 0, UnknownState),
            ("code=c&state=", "acme", 0, UnknownState),
            ("code=c&state=other-state-other-state-other", "acme", 0, UnknownState),
            ("code=c&state=STATEx", "acme", 0, UnknownState),
            ("error=access_denied", "acme", 0, UnknownState),
            ("code=c&state=STATE&state=STATE", "acme", 0, Malformed),
            ("code=a&code=b&state=STATE", "acme", 0, Malformed),
            ("error=x&error=y&state=STATE", "acme", 0, Malformed),
            ("code=%00&state=STATE", "acme", 0, Malformed),
            ("code=&state=STATE", "acme", 0, Malformed),
            ("code=c&state=STATE", "other", 0, OtherProvider),
            ("code=c&state=STATE", "acme", 601, Expired),
            ("code=c&state=STATE", "acme", -601, Expired),
            ("code=c&error=access_denied&state=STATE", "acme", 0, Ambiguous),
            ("state=STATE", "acme", 0, Ambiguous),
            ("error=access_denied&state=STATE", "acme", 0, refused),
            ("error=%3Cscript%3E&state=STATE", "acme", 0, Refused(ErrorCode::Unrecognized)),
        ];
        for (query, path, second, why) in table {
            assert_eq!(receive(begin(None), query, path, second).unwrap_err(), why, "{query}");
        }
    }

    #[test]
    fn the_issuer_is_compared_letter_by_letter_and_before_an_error_is_believed() {
        let issuer = "https://a.example";
        for (query, accepted) in [
            ("code=c&state=STATE&iss=https%3A%2F%2Fa.example", true),
            ("code=c&state=STATE", false),
            ("code=c&state=STATE&iss=https%3A%2F%2Fa.example%2F", false),
            ("code=c&state=STATE&iss=https%3A%2F%2FA.example", false),
            ("code=c&state=STATE&iss=https%3A%2F%2Fevil.example", false),
        ] {
            let result = receive(begin(Some(issuer)), query, "acme", 0);
            assert_eq!(result.is_ok(), accepted, "{query}");
        }
        let wrong = receive(
            begin(Some(issuer)),
            "error=access_denied&state=STATE&iss=https%3A%2F%2Fevil.example",
            "acme",
            0,
        );
        assert_eq!(wrong.unwrap_err(), CallbackError::OtherIssuer);
    }

    #[test]
    fn an_issuer_that_the_file_does_not_state_is_at_the_host_that_was_asked() {
        for (query, accepted) in [
            ("code=c&state=STATE", true),
            ("code=c&state=STATE&iss=https%3A%2F%2Fa.example%2Ftenant", true),
            ("code=c&state=STATE&iss=https%3A%2F%2Fevil.example", false),
            ("code=c&state=STATE&iss=https%3A%2F%2Fa.example.evil.example", false),
            ("code=c&state=STATE&iss=a.example", false),
            ("code=c&state=STATE&iss=", false),
        ] {
            assert_eq!(receive(begin(None), query, "acme", 0).is_ok(), accepted, "{query}");
        }
    }

    #[test]
    fn nothing_of_a_response_is_printed() {
        let printed = format!(
            "{:?}",
            UnverifiedCallback::parse("code=canary&state=canary-canary-canary-canary").unwrap()
        );
        assert!(!printed.contains("canary"), "{printed}");
    }

    #[test]
    fn a_service_may_name_its_code_otherwise_and_tell_more() {
        let callback = "[callback]\ncode = \"auth_code\"\nmetadata = [\"realmId\", \"shop\"]\n";
        let code =
            receive(begin_at("", callback), "auth_code=c0de&state=STATE&realmId=42&other=x", "acme", 0)
                .unwrap();
        assert_eq!(code.code.expose_secret(), "c0de");
        let kept: Vec<_> =
            code.metadata.iter().map(|(name, text)| (name.as_str(), text.expose_secret())).collect();
        assert_eq!(kept, [("realmId", "42")]);
        let refused = |query| receive(begin_at("", callback), query, "acme", 0).unwrap_err();
        assert_eq!(refused("code=c0de&state=STATE"), CallbackError::Ambiguous);
        assert_eq!(refused("auth_code=a&auth_code=b&state=STATE"), CallbackError::Malformed);
        assert_eq!(refused("auth_code=a&state=STATE&realmId=1&realmId=2"), CallbackError::Malformed);
    }

    #[test]
    fn a_state_that_passes_through_the_proxy_says_where_the_app_waits() {
        let pending = begin_at("redirect = \"proxy\"", "");
        let state = State::returning_to(7667, STATE);
        assert_eq!(state.return_to(), Some(ReturnTo::Ipv4(7667)));
        assert_eq!(pending.key(), StateKey::of(&state));
        assert_eq!(State::from_entropy(STATE).return_to(), None);
    }
}
