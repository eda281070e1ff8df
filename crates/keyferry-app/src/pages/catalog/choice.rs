//! Which manifests the catalog shows: those that have all words that were typed, and fit the filters.

use keyferry_core::manifest::{Manifest, OauthSignIn};
use serde::Deserialize;

/// More words than anybody looks for at once.
const MOST_WORDS: usize = 16;

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(in crate::pages) struct Choice {
    /// Words of its name, its description, its keywords, its category or its author.
    #[serde(default)]
    pub(super) q: String,
    /// One shelf.
    #[serde(default)]
    pub(super) category: String,
    /// Whether an account is needed.
    #[serde(default)]
    pub(super) account: Account,
    /// Only what can be installed here.
    #[serde(default)]
    pub(super) here: bool,
    /// The number of the first one shown.
    #[serde(default)]
    pub(super) from: usize,
}

/// Whether a server needs an account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Account {
    /// It needs or can use one.
    With,
    /// It needs none.
    Without,
    /// Either way.
    #[default]
    #[serde(other)]
    Any,
}

// === impl Choice ===

impl Choice {
    /// Whether a manifest fits the filters. Whether it can be installed here, and has the words, is asked elsewhere.
    pub(super) fn has(&self, manifest: &Manifest) -> bool {
        let category = manifest.category.as_deref().unwrap_or_default();
        let account = has_account(manifest);
        (self.category.is_empty() || self.category == category)
            && match self.account {
                Account::Any => true,
                Account::With => account,
                Account::Without => !account,
            }
    }

    /// The words that were typed, as a search wants them.
    pub(super) fn words(&self) -> Vec<String> {
        self.q.split_whitespace().take(MOST_WORDS).map(str::to_lowercase).collect()
    }

    /// Whether anything was asked for.
    pub(super) fn is_narrow(&self) -> bool {
        !self.q.trim().is_empty() || !self.category.is_empty() || self.account != Account::Any || self.here
    }

    /// The same choice from a number on, as a path.
    pub(super) fn path_from(&self, from: usize) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("q", &self.q).append_pair("category", &self.category);
        query.append_pair("account", self.account.as_str());
        if self.here {
            query.append_pair("here", "true");
        }
        format!("/catalog?{}", query.append_pair("from", &from.to_string()).finish())
    }
}

impl Account {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::With => "with",
            Self::Without => "without",
        }
    }
}

/// Whether a manifest names an account.
pub(super) fn has_account(manifest: &Manifest) -> bool {
    manifest.sign_in.oauth != OauthSignIn::None || manifest.sign_in.browser.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(more: &str) -> Manifest {
        let text = format!(
            r#"{{"name": "jira", "display_name": "Jira Cloud", "category": "Work", "keywords": ["tickets"],
            "server": {{"type": "local", "command": "x", "args": [], "env": {{}}}}{more}}}"#
        );
        Manifest::parse("test", &text).unwrap().manifest
    }

    #[test]
    fn words_are_what_a_search_wants() {
        let choice = Choice { q: "  JIRA Cloud ".to_owned(), ..Choice::default() };
        assert_eq!(choice.words(), ["jira", "cloud"]);
        assert_eq!(Choice { q: "a ".repeat(99), ..choice }.words().len(), MOST_WORDS);
    }

    #[test]
    fn filters_are_by_shelf_and_account() {
        let (without, with) = (
            manifest(""),
            manifest(r#", "archestra_config": {"oauth": {"provider": "jira", "required": true}}"#),
        );
        let work = Choice { category: "Work".to_owned(), ..Choice::default() };
        assert!(work.has(&without) && !Choice { category: "Play".to_owned(), ..work }.has(&without));
        let needs = Choice { account: Account::With, ..Choice::default() };
        assert!(needs.has(&with) && !needs.has(&without));
        let free = Choice { account: Account::Without, ..Choice::default() };
        assert!(free.has(&without) && !free.has(&with));
    }

    #[test]
    fn a_path_keeps_what_was_asked_for() {
        let choice = Choice { q: "a&b".to_owned(), here: true, ..Choice::default() };
        let path = choice.path_from(48);
        assert_eq!(path, "/catalog?q=a%26b&category=&account=any&here=true&from=48");
    }
}
