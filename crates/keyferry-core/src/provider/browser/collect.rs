//! From what a page held to a token set: all that is required is there, and everything is of the form that the file says.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Browser;
use crate::{
    fact::{Facts, LONGEST_FACT},
    flow::Tokens,
    id::FactName,
    scope::Scopes,
    secret::{AccessToken, RefreshToken, SecretText},
};

/// The longest value that is taken from a page, in bytes: more than any token, and as much as a fact may be.
pub const LONGEST_VALUE: usize = LONGEST_FACT;

/// What one look at a page came to.
#[derive(Debug)]
pub enum Collected {
    /// All that is required.
    Whole(Box<Tokens>),
    /// These are not there yet, or not of their form.
    Missing(Vec<FactName>),
}

impl Browser {
    /// Makes a token set of what was read. A set that lacks what is required is none; what is not required and not of its form is left
    /// out. `expires_at` is when the cookie ends that the access token was read from, where it was and the cookie says.
    #[must_use]
    pub fn collect(
        &self,
        mut read: BTreeMap<FactName, SecretText>,
        expires_at: Option<Timestamp>,
    ) -> Collected {
        let mut missing = Vec::new();
        let (mut access_token, mut refresh_token, mut metadata) = (None, None, Facts::default());
        for token in &self.tokens {
            let fits = |text: &SecretText| {
                let text = text.expose_secret();
                let fits = token.pattern.as_ref().is_none_or(|pattern| pattern.matches(text));
                fits && !text.is_empty() && text.len() <= LONGEST_VALUE && !text.chars().any(char::is_control)
            };
            let value = read.remove(&token.name).filter(fits);
            let taken = value.is_some_and(|value| match token.name.as_str() {
                "access_token" => {
                    access_token = AccessToken::new(value.expose_secret()).ok();
                    access_token.is_some()
                }
                "refresh_token" => {
                    refresh_token = RefreshToken::new(value.expose_secret()).ok();
                    refresh_token.is_some()
                }
                _ => metadata.insert(token.name.clone(), value),
            });
            if token.required && !taken {
                missing.push(token.name.clone());
            }
        }
        match access_token {
            Some(access_token) if missing.is_empty() => Collected::Whole(Box::new(Tokens {
                access_token,
                refresh_token,
                id_token: None,
                scopes: Scopes::none(),
                expires_at,
                metadata,
            })),
            _ => Collected::Missing(missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{ProviderFile, ProviderSet};

    fn collect(provider: &str, read: &[(&str, &str)]) -> Collected {
        let files = ProviderSet::builtin().unwrap();
        let browser = files.get(&provider.parse().unwrap()).unwrap().browser().unwrap().clone();
        let read = read.iter().map(|(name, text)| (name.parse().unwrap(), SecretText::new(*text).unwrap()));
        browser.collect(read.collect(), None)
    }

    #[test]
    fn a_token_set_is_whole_or_none() {
        let whole = [("access_token", "xoxc-1"), ("d_cookie", "xoxd-a%2Fb"), ("team_id", "T123")];
        let Collected::Whole(tokens) = collect("slack-browser", &whole) else { panic!("it is whole") };
        assert_eq!(tokens.access_token.expose_secret(), "xoxc-1");
        assert_eq!(tokens.metadata.get(&"team_id".parse().unwrap()).unwrap().expose_secret(), "T123");
        let long = format!("xoxd-{}", "a".repeat(LONGEST_VALUE));
        for (name, text) in [
            ("access_token", "xoxp-1"),
            ("access_token", "xoxc-1 "),
            ("access_token", ""),
            ("d_cookie", "xoxd-"),
            ("d_cookie", "xoxd-\u{7f}"),
            ("d_cookie", &long),
            ("team_id", "t"),
            ("other", "x"),
        ] {
            let read: Vec<_> = whole
                .iter()
                .filter(|(known, _)| *known != name || name == "other")
                .chain([&(name, text)])
                .copied()
                .collect();
            let missing = match collect("slack-browser", &read) {
                Collected::Whole(_) => Vec::new(),
                Collected::Missing(missing) => missing,
            };
            let expected = if name == "other" { vec![] } else { vec![name.parse().unwrap()] };
            assert_eq!(missing, expected, "{name} {text:.20}");
        }
        let Collected::Missing(missing) = collect("slack-browser", &[]) else { panic!("nothing is there") };
        assert_eq!(missing.len(), 3);
    }
    #[test]
    fn a_value_without_a_pattern_is_a_text_that_is_there_and_has_a_bound() {
        let file = "display_name = \"A\"\n[browser]\nlogin_url = \"https://a.example/\"\nallow_hosts = [\"a.example\"]\n\
                    extract_on = \"https://a.example/\"\n[browser.tokens]\naccess_token = { cookie = \"c\" }\n\
                    team = { cookie = \"t\", required = false }\n[env]\nA = \"{access_token}\"\n";
        let read = ProviderFile::parse("a".parse().unwrap(), "a.toml", file);
        let browser = read.unwrap_or_else(|findings| panic!("{findings}")).file.browser().unwrap().clone();
        let bound = "a".repeat(LONGEST_VALUE);
        for (text, taken) in [("t", true), (&*bound, true), (&format!("{bound}a"), false), ("", false)] {
            let read = [("access_token".parse().unwrap(), SecretText::new(text).unwrap())];
            let whole = matches!(browser.collect(read.into(), None), Collected::Whole(_));
            assert_eq!(whole, taken, "{} bytes", text.len());
        }
    }
}
