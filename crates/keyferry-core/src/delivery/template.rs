//! Templates: text with `{words}` that stand for facts of a connection. `{{` and `}}` are braces.

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::{flow::Tokens, id::ClientId, secret::SecretText};

/// A word that a template may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The access token.
    AccessToken,
    /// The refresh token. It should have one owner, the app: see the rule in `docs/architecture.md`.
    RefreshToken,
    /// The ID token.
    IdToken,
    /// The token type, `Bearer`.
    TokenType,
    /// The granted scopes, separated by spaces.
    Scope,
    /// When the access token expires, RFC 3339.
    ExpiresAt,
    /// The same in seconds since 1970.
    ExpiresAtUnix,
    /// The account's label.
    Account,
    /// The client id that the connection was granted to.
    ClientId,
}

impl Word {
    /// Every word.
    pub const ALL: [Self; 9] = [
        Self::AccessToken,
        Self::RefreshToken,
        Self::IdToken,
        Self::TokenType,
        Self::Scope,
        Self::ExpiresAt,
        Self::ExpiresAtUnix,
        Self::Account,
        Self::ClientId,
    ];

    /// The word as it is written between braces.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::RefreshToken => "refresh_token",
            Self::IdToken => "id_token",
            Self::TokenType => "token_type",
            Self::Scope => "scope",
            Self::ExpiresAt => "expires_at",
            Self::ExpiresAtUnix => "expires_at_unix",
            Self::Account => "account",
            Self::ClientId => "client_id",
        }
    }
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTemplate {
    /// A word that nothing defines.
    #[error("`{0}` is no word of a template")]
    UnknownWord(String),
    /// A brace without its partner.
    #[error("a brace has no partner; write {{{{ or }}}} for a brace itself")]
    LoneBrace,
    /// A character that no variable can hold.
    #[error("the template holds a NUL character")]
    Nul,
}

impl InvalidTemplate {
    /// The word that nothing defines, where that is the reason.
    #[must_use]
    pub fn unknown_word(&self) -> Option<&str> {
        match self {
            Self::UnknownWord(word) => Some(word),
            Self::LoneBrace | Self::Nul => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Word(Word),
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

/// What the words of a template stand for. A word with no value drops its variable.
#[derive(Debug)]
pub struct TemplateValues<'a> {
    /// The connection's tokens.
    pub tokens: &'a Tokens,
    /// The account's label, once known.
    pub account: Option<&'a str>,
    /// The client id that the connection was granted to.
    pub client_id: &'a ClientId,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`InvalidTemplate`] with the word or brace that is wrong.
    pub fn parse(text: &str) -> Result<Self, InvalidTemplate> {
        if text.contains('\0') {
            return Err(InvalidTemplate::Nul);
        }
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, from_brace) = rest.split_at(at);
            literal.push_str(before);
            if let Some(after) = from_brace.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from_brace.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else {
                let inner = from_brace.strip_prefix('{').ok_or(InvalidTemplate::LoneBrace)?;
                let (name, after) = inner.split_once('}').ok_or(InvalidTemplate::LoneBrace)?;
                let word = Word::ALL.into_iter().find(|word| word.name() == name);
                let word = word.ok_or_else(|| InvalidTemplate::UnknownWord(name.to_owned()))?;
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(Part::Word(word));
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }

    /// The words in it.
    pub fn words(&self) -> impl Iterator<Item = Word> {
        self.0.iter().filter_map(|part| match part {
            Part::Word(word) => Some(*word),
            Part::Text(_) => None,
        })
    }

    /// The template with its words replaced; nothing when a word has no value or the result would be empty.
    #[must_use]
    pub fn fill(&self, values: &TemplateValues<'_>) -> Option<SecretText> {
        let mut filled = Zeroizing::new(String::new());
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Word(word) => filled.push_str(&value(*word, values)?),
            }
        }
        if filled.is_empty() { None } else { SecretText::new(filled.as_str()).ok() }
    }
}

fn value(word: Word, values: &TemplateValues<'_>) -> Option<Zeroizing<String>> {
    let tokens = values.tokens;
    let text = match word {
        Word::AccessToken => tokens.access_token.expose_secret().to_owned(),
        Word::RefreshToken => tokens.refresh_token.as_ref()?.expose_secret().to_owned(),
        Word::IdToken => tokens.id_token.as_ref()?.expose_secret().to_owned(),
        Word::TokenType => "Bearer".to_owned(),
        Word::Scope => tokens.scopes.to_string(),
        Word::ExpiresAt => tokens.expires_at?.to_string(),
        Word::ExpiresAtUnix => tokens.expires_at.map(Timestamp::as_second)?.to_string(),
        Word::Account => values.account?.to_owned(),
        Word::ClientId => values.client_id.to_string(),
    };
    if text.is_empty() { None } else { Some(Zeroizing::new(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::{AccessToken, RefreshToken};
    use proptest::prelude::*;

    fn tokens(access: &str) -> Tokens {
        Tokens {
            access_token: AccessToken::new(access).unwrap(),
            refresh_token: Some(RefreshToken::new("refresh").unwrap()),
            id_token: None,
            scopes: crate::scope::Scopes::from_reply("a b"),
            expires_at: Some(Timestamp::from_second(1_800_000_000).unwrap()),
        }
    }

    fn filled(template: &str, tokens: &Tokens, account: Option<&str>) -> Option<String> {
        let client_id = "client".parse().unwrap();
        let values = TemplateValues { tokens, account, client_id: &client_id };
        Template::parse(template).unwrap().fill(&values).map(|text| text.expose_secret().to_owned())
    }

    #[test]
    fn each_word_stands_for_its_fact() {
        let tokens = tokens("access");
        let table = [
            ("{access_token}", Some("access")),
            ("Bearer {access_token}", Some("Bearer access")),
            ("{refresh_token}", Some("refresh")),
            ("{id_token}", None),
            ("x{id_token}", None),
            ("{token_type}", Some("Bearer")),
            ("{scope}", Some("a b")),
            ("{expires_at}", Some("2027-01-15T08:00:00Z")),
            ("{expires_at_unix}", Some("1800000000")),
            ("{account}", Some("ada@example.org")),
            ("{client_id}", Some("client")),
            ("{{{access_token}}}", Some("{access}")),
            ("fixed", Some("fixed")),
            ("", None),
        ];
        for (template, expected) in table {
            assert_eq!(filled(template, &tokens, Some("ada@example.org")).as_deref(), expected, "{template}");
        }
        assert_eq!(filled("{account}", &tokens, None), None);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let unknown = |word: &str| InvalidTemplate::UnknownWord(word.to_owned());
        let table = [
            ("{acces_token}", unknown("acces_token")),
            ("{}", unknown("")),
            ("{ access_token }", unknown(" access_token ")),
            ("{access_token", InvalidTemplate::LoneBrace),
            ("access_token}", InvalidTemplate::LoneBrace),
            ("a\0b", InvalidTemplate::Nul),
        ];
        for (template, why) in table {
            assert_eq!(Template::parse(template).unwrap_err(), why, "{template}");
        }
    }

    proptest! {
        #[test]
        fn any_token_arrives_byte_for_byte(access in "[!-~]{1,300}") {
            prop_assert_eq!(filled("{access_token}", &tokens(&access), None).unwrap(), access.clone());
            prop_assert_eq!(filled("<{access_token}>", &tokens(&access), None).unwrap(), format!("<{access}>"));
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC{0,60}") {
            let _ = Template::parse(&text);
        }
    }
}
