//! When two requests are equal: the same caller asks the same provider for the same grant.

use keyferry_core::{
    flow::{exchange::CodeGrant, refresh::RefreshGrant},
    secret::CodeVerifier,
};
use sha2::{Digest, Sha256};

use crate::{admission::Caller, exchange::Step, facts::RequestFacts};

/// All that decides about a request's answer, as one hash.
///
/// It is in memory as long as its exchange is under way; a kept answer has only a code over it, made with the caller's key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Identity([u8; 32]);

/// Hashes fields, each led by its length, so that two lists of fields never run together.
struct Fields(Sha256);

// === impl Identity ===

impl Identity {
    pub(crate) fn of(caller: &Caller, provider: &str, facts: &RequestFacts, step: &Step) -> Self {
        let mut fields = Fields(Sha256::new_with_prefix(b"keyferry token request\0"));
        fields.add(caller.name());
        fields.add(provider);
        fields.add(step.grant_type());
        fields.add(step.credential());
        match step {
            Step::Code(CodeGrant { redirect_uri, verifier, .. }) => {
                fields.add(redirect_uri);
                fields.add(verifier.as_ref().map_or("", CodeVerifier::expose_secret));
            }
            Step::Refresh(RefreshGrant { redirect_uri, .. }) => {
                fields.add(redirect_uri.as_deref().unwrap_or_default());
            }
        }
        for facts in [&facts.config, &facts.metadata] {
            fields.count(facts.iter().count());
            for (name, text) in facts.iter() {
                fields.add(name.as_str());
                fields.add(text.expose_secret());
            }
        }
        Self(fields.0.finalize().into())
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    #[cfg(test)]
    pub(super) const fn of_test(byte: u8) -> Self {
        Self([byte; 32])
    }
}

// === impl Fields ===

impl Fields {
    fn add(&mut self, field: &str) {
        self.count(field.len());
        self.0.update(field);
    }

    fn count(&mut self, number: usize) {
        self.0.update((number as u64).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use keyferry_core::{
        fact::Facts,
        secret::{AuthorizationCode, RefreshToken, SecretText},
    };

    use super::*;

    fn refresh(token: &str) -> Step {
        refresh_at(token, None)
    }

    fn refresh_at(token: &str, redirect_uri: Option<&str>) -> Step {
        let token = RefreshToken::new(token).unwrap();
        Step::Refresh(RefreshGrant { token, redirect_uri: redirect_uri.map(str::to_owned) })
    }

    fn code(code: &str, redirect_uri: &str, verifier: Option<char>) -> Step {
        let verifier = verifier.map(|letter| CodeVerifier::new(letter.to_string().repeat(43)).unwrap());
        let code = AuthorizationCode::new(code).unwrap();
        Step::Code(CodeGrant { code, redirect_uri: redirect_uri.to_owned(), verifier })
    }

    fn facts(config: &[(&str, &str)], metadata: &[(&str, &str)]) -> RequestFacts {
        let facts = |pairs: &[(&str, &str)]| -> Facts {
            pairs
                .iter()
                .map(|(name, text)| (name.parse().unwrap(), SecretText::new(*text).unwrap()))
                .collect()
        };
        RequestFacts { config: facts(config), metadata: facts(metadata) }
    }

    #[test]
    fn everything_that_decides_about_the_answer_tells_requests_apart() {
        let none = facts(&[], &[]);
        let of = |caller: &str, provider: &str, facts: &RequestFacts, step: Step| {
            Identity::of(&Caller::of_test(caller), provider, facts, &step)
        };
        let all = [
            of("ada", "jira", &none, refresh("t")),
            of("bob", "jira", &none, refresh("t")),
            of("", "adajira", &none, refresh("t")),
            of("ada", "github", &none, refresh("t")),
            of("ada", "jira", &none, refresh("u")),
            of("ada", "jira", &none, refresh_at("t", Some("r"))),
            of("ada", "jira", &none, refresh_at("t", Some("s"))),
            of("ada", "jira", &none, code("t", "r", None)),
            of("ada", "jira", &none, code("t", "s", None)),
            of("ada", "jira", &none, code("t", "r", Some('v'))),
            of("ada", "jira", &none, code("t", "r", Some('w'))),
            of("ada", "jira", &facts(&[("a", "1")], &[]), refresh("t")),
            of("ada", "jira", &facts(&[("a", "2")], &[]), refresh("t")),
            of("ada", "jira", &facts(&[], &[("a", "1")]), refresh("t")),
        ];
        assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
        assert!(all[0] == of("ada", "jira", &none, refresh("t")));
    }
}
