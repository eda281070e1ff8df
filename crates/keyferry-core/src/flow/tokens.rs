//! The tokens of a connection, with their expiry as a point in time.

use jiff::{SignedDuration, Timestamp};

use super::reply::TokenReply;
use crate::{
    fact::Facts,
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken, SecretText},
};

/// From this length on, in bytes, a fact may be a token.
const SHORTEST_SECRET_FACT: usize = 20;

/// What a grant gave.
#[derive(Debug, Clone)]
pub struct Tokens {
    /// The access token, of type Bearer.
    pub access_token: AccessToken,
    /// The refresh token, where there is one.
    pub refresh_token: Option<RefreshToken>,
    /// The ID token, where there is one.
    pub id_token: Option<IdToken>,
    /// The scopes that were granted, which may be fewer than were asked for.
    pub scopes: Scopes,
    /// When the access token expires; unknown where the provider does not say.
    pub expires_at: Option<Timestamp>,
    /// Further facts that the provider told, as its file asks to keep them.
    pub metadata: Facts,
}

impl Tokens {
    /// The tokens of a code exchange. A reply without `scope` granted what was asked for (RFC 6749 §5.1).
    #[must_use]
    pub fn granted(reply: TokenReply, requested: &Scopes, received_at: Timestamp) -> Self {
        Self {
            expires_at: expires_at(&reply, received_at),
            metadata: reply.metadata,
            scopes: reply.scopes.unwrap_or_else(|| requested.clone()),
            access_token: reply.access_token,
            refresh_token: reply.refresh_token,
            id_token: reply.id_token,
        }
    }

    /// Each token by itself, for those who take tokens out of texts.
    #[must_use]
    pub fn secrets(&self) -> Vec<SecretText> {
        let access = SecretText::from(&self.access_token);
        let refresh = self.refresh_token.as_ref().map(SecretText::from);
        let id = self.id_token.as_ref().map(SecretText::from);
        // A short fact, such as a team's id, is no secret, and would tear holes into texts that have nothing to do with it.
        let long = |text: &&SecretText| text.expose_secret().len() >= SHORTEST_SECRET_FACT;
        let facts = self.metadata.iter().map(|(_, text)| text).filter(long).cloned();
        std::iter::once(access).chain(refresh).chain(id).chain(facts).collect()
    }

    /// The tokens after a refresh. A reply without a refresh token leaves the old one in force, a new one replaces it
    /// (RFC 6749 §6); the same goes for scope and ID token.
    #[must_use]
    pub fn renewed(&self, reply: TokenReply, received_at: Timestamp) -> Self {
        let mut metadata = self.metadata.clone();
        metadata.extend(reply.metadata.clone());
        Self {
            expires_at: expires_at(&reply, received_at),
            metadata,
            scopes: reply.scopes.unwrap_or_else(|| self.scopes.clone()),
            access_token: reply.access_token,
            refresh_token: reply.refresh_token.or_else(|| self.refresh_token.clone()),
            id_token: reply.id_token.or_else(|| self.id_token.clone()),
        }
    }
}

fn expires_at(reply: &TokenReply, received_at: Timestamp) -> Option<Timestamp> {
    // A life counts from now and needs no common clock; a point in time is for services that tell nothing else.
    let Some(seconds) = reply.expires_in else { return reply.expires_at };
    received_at.checked_add(SignedDuration::from_secs(i64::try_from(seconds).ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(json: &str) -> TokenReply {
        TokenReply::parse(200, json.as_bytes()).unwrap()
    }

    #[test]
    fn expiry_is_a_point_in_time() {
        let received = Timestamp::from_second(1_000).unwrap();
        let tokens =
            Tokens::granted(reply(r#"{"access_token":"a","expires_in":3600}"#), &Scopes::default(), received);
        assert_eq!(tokens.expires_at, Some(Timestamp::from_second(4_600).unwrap()));
        let tokens = Tokens::granted(reply(r#"{"access_token":"a"}"#), &Scopes::default(), received);
        assert_eq!(tokens.expires_at, None);
    }

    #[test]
    fn a_refresh_keeps_what_its_reply_does_not_replace() {
        let now = Timestamp::from_second(0).unwrap();
        let asked = Scopes::from_reply("a b");
        let first = Tokens::granted(
            reply(r#"{"access_token":"1","refresh_token":"r1","id_token":"i"}"#),
            &asked,
            now,
        );
        let kept = first.renewed(reply(r#"{"access_token":"2"}"#), now);
        assert_eq!(kept.access_token.expose_secret(), "2");
        assert_eq!(kept.refresh_token.as_ref().unwrap().expose_secret(), "r1");
        assert_eq!(kept.id_token.as_ref().unwrap().expose_secret(), "i");
        assert_eq!(kept.scopes, asked);
        let rotated = kept.renewed(reply(r#"{"access_token":"3","refresh_token":"r2","scope":"a"}"#), now);
        assert_eq!(rotated.refresh_token.unwrap().expose_secret(), "r2");
        assert_eq!(rotated.scopes.join(" "), "a");
    }

    #[test]
    fn every_token_is_among_the_secrets() {
        let now = Timestamp::from_second(0).unwrap();
        let all = reply(r#"{"access_token":"a","refresh_token":"r","id_token":"i"}"#);
        let secrets = Tokens::granted(all, &Scopes::default(), now).secrets();
        let texts: Vec<_> = secrets.iter().map(SecretText::expose_secret).collect();
        assert_eq!(texts, ["a", "r", "i"]);
        let one = Tokens::granted(reply(r#"{"access_token":"a"}"#), &Scopes::default(), now).secrets();
        assert_eq!(one.len(), 1);
    }
}
