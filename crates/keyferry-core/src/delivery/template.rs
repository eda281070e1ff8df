//! Templates: text with `{words}` that stand for facts of a connection. `{{` and `}}` are braces.

use zeroize::Zeroizing;

use super::{Values, Word};
use crate::secret::SecretText;

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

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// Text that stands as it is.
    Text(String),
    /// A word.
    Word(Word),
}

/// A parsed template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

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
                let word = Word::parse(name).ok_or_else(|| InvalidTemplate::UnknownWord(name.to_owned()))?;
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
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.0.iter().filter_map(|part| match part {
            Part::Word(word) => Some(word),
            Part::Text(_) => None,
        })
    }

    /// The word that is all of it, where it is one.
    #[must_use]
    pub fn sole_word(&self) -> Option<&Word> {
        match self.0.as_slice() {
            [Part::Word(word)] => Some(word),
            _ => None,
        }
    }

    /// Its text, where it has no words.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it is just this text.
    #[must_use]
    pub fn is_text(&self, text: &str) -> bool {
        self.as_text() == Some(text)
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The template with its words replaced; nothing when a word has no value or the result would be empty.
    #[must_use]
    pub fn fill(&self, values: &Values<'_>) -> Option<SecretText> {
        self.fill_with(values, |text| Some(text.to_owned()))
    }

    /// The same, each value escaped for its place; nothing when a value can't stand there.
    #[must_use]
    pub(crate) fn fill_with(
        &self,
        values: &Values<'_>,
        escape: impl Fn(&str) -> Option<String>,
    ) -> Option<SecretText> {
        let mut filled = Zeroizing::new(String::new());
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Word(word) => filled.push_str(&Zeroizing::new(escape(&values.text(word)?)?)),
            }
        }
        if filled.is_empty() { None } else { SecretText::new(filled.as_str()).ok() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fact::Facts,
        flow::Tokens,
        secret::{AccessToken, RefreshToken},
    };
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn tokens(access: &str) -> Tokens {
        Tokens {
            access_token: AccessToken::new(access).unwrap(),
            refresh_token: Some(RefreshToken::new("refresh").unwrap()),
            id_token: None,
            scopes: crate::scope::Scopes::from_reply("a b"),
            metadata: [("team".parse().unwrap(), SecretText::new("t1").unwrap())].into_iter().collect(),
            expires_at: Some(Timestamp::from_second(1_800_000_000).unwrap()),
        }
    }

    fn filled(template: &str, tokens: &Tokens, account: Option<&str>) -> Option<String> {
        let client_id = "client".parse().unwrap();
        let config: Facts = [("host".parse().unwrap(), SecretText::new("h").unwrap())].into_iter().collect();
        let values = Values {
            tokens: Some(tokens),
            account,
            client_id: Some(&client_id),
            config: Some(&config),
            metadata: None,
        };
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
            ("{expires_at_unix_ms}", Some("1800000000000")),
            ("{scopes}", Some("a b")),
            ("{metadata.team}", Some("t1")),
            ("{metadata.other}", None),
            ("{config.host}", Some("h")),
            ("{config.other}", None),
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
            ("{config.}", unknown("config.")),
            ("{metadata.a b}", unknown("metadata.a b")),
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
