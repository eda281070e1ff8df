//! What a token request is answered with, and the form in which that is kept.

use std::{borrow::Cow, collections::BTreeMap};

use http::StatusCode;
use keyferry_core::{
    flow::{
        error::{ErrorCode, FailureClass},
        reply::TokenReply,
    },
    id::FactName,
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken, SecretText},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{error::ProxyError, fault::Fault};

/// Room that most answers have in one piece, in bytes: a text that grows would leave copies of itself behind.
const ROOM: usize = 16 * 1024;

/// The answer to a token request.
pub(crate) type Answer = Result<Granted, ProxyError>;

/// Tokens as they go out.
#[derive(Debug)]
pub(crate) struct Granted {
    /// The provider's reply; its refresh token sealed, where the proxy seals them.
    pub(crate) tokens: TokenReply,
    /// The access token's life when the reply came, in seconds. What was kept since is for the one who gives it out to take off.
    pub(crate) life: Option<u64>,
}

/// What is kept of an answer, before it is sealed.
#[derive(Serialize, Deserialize)]
enum Stored<'a> {
    #[serde(borrow)]
    Tokens(StoredTokens<'a>),
    #[serde(borrow)]
    Refused(StoredRefusal<'a>),
}

#[derive(Serialize, Deserialize)]
struct StoredTokens<'a> {
    #[serde(borrow)]
    access_token: Cow<'a, str>,
    refresh_token: Option<Cow<'a, str>>,
    id_token: Option<Cow<'a, str>>,
    scope: Option<String>,
    life: Option<u64>,
    metadata: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
struct StoredRefusal<'a> {
    code: &'a str,
    status: u16,
    retry_after: Option<u32>,
}

/// The form in which an answer is kept; none for one that is not: a failure that may pass says nothing about the next try.
pub(super) fn plaintext(answer: &Answer) -> Option<Zeroizing<Vec<u8>>> {
    let stored = match answer {
        Ok(granted) => Stored::Tokens(StoredTokens::of(granted)),
        Err(ProxyError::Upstream(Fault::Refused { code, status, retry_after }))
            if code.class(status.as_u16()) == FailureClass::Definite =>
        {
            let (code, status, retry_after) = (code.as_str(), status.as_u16(), *retry_after);
            Stored::Refused(StoredRefusal { code, status, retry_after })
        }
        Err(_) => return None,
    };
    let mut out = Zeroizing::new(Vec::with_capacity(ROOM));
    serde_json::to_writer(&mut *out, &stored).ok()?;
    Some(out)
}

/// The answer that was kept.
pub(super) fn read(plaintext: &[u8]) -> Option<Answer> {
    Some(match serde_json::from_slice(plaintext).ok()? {
        Stored::Tokens(stored) => Ok(stored.granted()?),
        Stored::Refused(StoredRefusal { code, status, retry_after }) => {
            let (code, status) = (ErrorCode::from_provider(code), StatusCode::from_u16(status).ok()?);
            Err(ProxyError::Upstream(Fault::Refused { code, status, retry_after }))
        }
    })
}

// === impl StoredTokens ===

impl<'a> StoredTokens<'a> {
    fn of(granted: &'a Granted) -> Self {
        let Granted { tokens, life, .. } = granted;
        let metadata = tokens.metadata.iter();
        Self {
            access_token: tokens.access_token.expose_secret().into(),
            refresh_token: tokens.refresh_token.as_ref().map(|token| token.expose_secret().into()),
            id_token: tokens.id_token.as_ref().map(|token| token.expose_secret().into()),
            scope: tokens.scopes.as_ref().map(|scopes| scopes.join(" ")),
            life: *life,
            metadata: metadata
                .map(|(name, text)| (name.as_str().into(), text.expose_secret().into()))
                .collect(),
        }
    }

    fn granted(self) -> Option<Granted> {
        let fact = |(name, text): (Cow<'_, str>, Cow<'_, str>)| {
            Some((name.parse::<FactName>().ok()?, SecretText::new(text).ok()?))
        };
        let tokens = TokenReply {
            access_token: AccessToken::new(self.access_token).ok()?,
            refresh_token: self.refresh_token.map(RefreshToken::new).transpose().ok()?,
            id_token: self.id_token.map(IdToken::new).transpose().ok()?,
            scopes: self.scope.map(|text| Scopes::from_reply(&text)),
            expires_in: self.life,
            expires_at: None,
            metadata: self.metadata.into_iter().map(fact).collect::<Option<_>>()?,
        };
        Some(Granted { tokens, life: self.life })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(json: &str, metadata: &[(&str, &str)]) -> Granted {
        let mut tokens = TokenReply::parse(200, json.as_bytes()).unwrap();
        let fact = |(name, text): &(&str, &str)| (name.parse().unwrap(), SecretText::new(*text).unwrap());
        tokens.metadata = metadata.iter().map(fact).collect();
        Granted { life: tokens.expires_in, tokens }
    }

    fn again(answer: &Answer) -> Option<Answer> {
        let stored = plaintext(answer)?;
        Some(read(&stored).unwrap())
    }

    #[test]
    fn tokens_come_back_as_they_were() {
        let full =
            r#"{"access_token":"a\"\\","refresh_token":"r","id_token":"i","scope":"x y","expires_in":60}"#;
        for (json, metadata) in
            [(full, &[("team", "Ä \"7\" \\ \n")][..]), (r#"{"access_token":"a"}"#, &[][..])]
        {
            let again = again(&Ok(granted(json, metadata))).unwrap().unwrap();
            let first = granted(json, metadata);
            let text = |granted: &Granted| {
                let tokens = &granted.tokens;
                let facts: Vec<_> = tokens
                    .metadata
                    .iter()
                    .map(|(name, text)| (name.clone(), text.expose_secret().to_owned()))
                    .collect();
                (
                    tokens.access_token.expose_secret().to_owned(),
                    tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned()),
                    tokens.id_token.as_ref().map(|token| token.expose_secret().to_owned()),
                    tokens.scopes.as_ref().map(|scopes| scopes.join(" ")),
                    granted.life,
                    facts,
                )
            };
            assert_eq!(text(&again), text(&first));
        }
    }

    #[test]
    fn of_failures_only_the_end_of_a_grant_is_kept() {
        let refused = |code, status, retry_after| {
            let status = StatusCode::from_u16(status).unwrap();
            ProxyError::Upstream(Fault::Refused { code, status, retry_after })
        };
        for kept in
            [refused(ErrorCode::InvalidGrant, 400, None), refused(ErrorCode::InvalidGrant, 403, Some(7))]
        {
            assert_eq!(again(&Err(kept.clone())).unwrap().unwrap_err(), kept);
        }
        let later = Fault::Later { status: StatusCode::TOO_MANY_REQUESTS, retry_after: None };
        for passing in [
            refused(ErrorCode::InvalidClient, 401, None),
            refused(ErrorCode::Unrecognized, 400, None),
            refused(ErrorCode::InvalidGrant, 404, None),
            ProxyError::Upstream(Fault::TimedOut),
            ProxyError::Upstream(Fault::Broken),
            ProxyError::Upstream(Fault::Status),
            ProxyError::Upstream(Fault::NoReply),
            ProxyError::Upstream(later),
            ProxyError::Busy,
            ProxyError::TooOften { retry_after: 1 },
            ProxyError::Internal,
        ] {
            assert!(plaintext(&Err(passing.clone())).is_none(), "{passing:?}");
        }
    }
}
