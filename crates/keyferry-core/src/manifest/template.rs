//! Text with placeholders, as manifests write them: `${user_config.KEY}` and the places of the machine.

use super::user_config::SettingKey;
use crate::suggest::nearest;

/// A place of the machine that a manifest may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// `${__dirname}`: the server's own folder.
    Folder,
    /// `${HOME}`: the person's home directory.
    Home,
    /// `${DESKTOP}`.
    Desktop,
    /// `${DOCUMENTS}`.
    Documents,
    /// `${DOWNLOADS}`.
    Downloads,
    /// `${/}` and `${pathSeparator}`: what stands between folders in a path.
    Separator,
}

const WORDS: [(&str, Word); 7] = [
    ("__dirname", Word::Folder),
    ("HOME", Word::Home),
    ("DESKTOP", Word::Desktop),
    ("DOCUMENTS", Word::Documents),
    ("DOWNLOADS", Word::Downloads),
    ("/", Word::Separator),
    ("pathSeparator", Word::Separator),
];

const SETTING: &str = "user_config.";

/// The most placeholders in one text. Without a bound a small manifest could make a text of gigabytes.
const MOST: usize = 64;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Word(Word),
    Setting(SettingKey),
}

/// A text whose `${…}` are replaced once, from left to right; what is put in is never looked at again.
///
/// Every `${` begins a placeholder, and an unknown word in one is an error: a manifest that means a variable of somebody else's
/// shell would otherwise hand the server the raw text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    pieces: Vec<Piece>,
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// `${` without `}`.
    #[error("`${{` is never closed")]
    Unclosed,
    /// A word that stands for nothing.
    #[error("there is no placeholder ${{{word}}}")]
    UnknownWord {
        /// The word, escaped.
        word: String,
        /// A word that it may have meant.
        nearest: Option<&'static str>,
    },
    /// More placeholders than any real text has.
    #[error("it has more than {MOST} placeholders")]
    TooMany,
    /// A NUL, which no argument, variable or path can hold.
    #[error("it has a NUL character")]
    Nul,
}

impl TemplateError {
    /// What the author can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Unclosed => "close it with `}`; for a variable of a shell write $NAME".to_owned(),
            Self::UnknownWord { nearest: Some(meant), .. } => format!("did you mean ${{{meant}}}?"),
            Self::UnknownWord { nearest: None, .. } => {
                let words: Vec<_> = WORDS.iter().map(|(name, _)| format!("${{{name}}}")).collect();
                format!("known: ${{user_config.KEY}}, {}", words.join(", "))
            }
            Self::TooMany => "make several texts of it".to_owned(),
            Self::Nul => "remove it".to_owned(),
        }
    }
}

impl Template {
    /// Reads a text with placeholders.
    ///
    /// # Errors
    /// [`TemplateError`] with the first thing that is wrong.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        if source.contains('\0') {
            return Err(TemplateError::Nul);
        }
        if source.matches("${").count() > MOST {
            return Err(TemplateError::TooMany);
        }
        let mut pieces = Vec::new();
        let mut rest = source;
        while let Some((before, after)) = rest.split_once("${") {
            let (inside, behind) = after.split_once('}').ok_or(TemplateError::Unclosed)?;
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            pieces.push(placeholder(inside)?);
            rest = behind;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        Ok(Self { source: source.to_owned(), pieces })
    }

    /// A text that is taken as it is, `${` included.
    pub(super) fn literal(text: String) -> Self {
        Self { pieces: vec![Piece::Text(text.clone())], source: text }
    }

    /// Nothing but the placeholder of a setting.
    pub(super) fn only(key: SettingKey) -> Self {
        Self { source: format!("${{{SETTING}{key}}}"), pieces: vec![Piece::Setting(key)] }
    }

    /// The text as the manifest has it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.source
    }

    /// The settings that it asks for.
    pub fn settings(&self) -> impl Iterator<Item = &SettingKey> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Setting(key) => Some(key),
            _ => None,
        })
    }

    /// The places of the machine that it asks for.
    pub fn words(&self) -> impl Iterator<Item = Word> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Word(word) => Some(*word),
            _ => None,
        })
    }

    /// The setting, where the text is exactly its placeholder.
    pub(super) fn only_setting(&self) -> Option<&SettingKey> {
        match self.pieces.as_slice() {
            [Piece::Setting(key)] => Some(key),
            _ => None,
        }
    }

    pub(super) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// What follows the server's folder, wherever it stands, with a plain name for every setting: enough to see whether the author
    /// leads out of it.
    pub(super) fn below_folder(&self) -> impl Iterator<Item = String> {
        let part = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Word(Word::Separator) => "/".to_owned(),
            Piece::Word(_) | Piece::Setting(_) => "x".to_owned(),
        };
        let folders =
            self.pieces.iter().enumerate().filter(|(_, piece)| **piece == Piece::Word(Word::Folder));
        folders.map(move |(index, _)| self.pieces.iter().skip(index + 1).map(part).collect())
    }
}

fn placeholder(inside: &str) -> Result<Piece, TemplateError> {
    if let Some((_, word)) = WORDS.iter().find(|(name, _)| *name == inside) {
        return Ok(Piece::Word(*word));
    }
    if let Some(Ok(key)) = inside.strip_prefix(SETTING).map(str::parse) {
        return Ok(Piece::Setting(key));
    }
    let word = super::show::escaped(&inside.chars().take(60).collect::<String>());
    let names = WORDS.iter().map(|(name, _)| *name).filter(|name| name.len() > 1);
    Err(TemplateError::UnknownWord { word, nearest: nearest(inside, names) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn placeholders_are_read_where_they_stand() {
        let template =
            Template::parse("${__dirname}${/}a ${user_config.my-key} ${pathSeparator}$HOME $").unwrap();
        let key: SettingKey = "my-key".parse().unwrap();
        assert_eq!(template.settings().collect::<Vec<_>>(), [&key]);
        assert_eq!(template.words().collect::<Vec<_>>(), [Word::Folder, Word::Separator, Word::Separator]);
        assert_eq!(Template::parse("${user_config.a}").unwrap().only_setting(), Some(&"a".parse().unwrap()));
        assert_eq!(Template::parse("=${user_config.a}").unwrap().only_setting(), None);
    }

    #[test]
    fn a_placeholder_that_means_nothing_is_refused_with_what_may_be_meant() {
        for (text, hint) in [
            ("${", "close it"),
            ("a ${HOME", "close it"),
            ("${HOMEE}", "${HOME}"),
            ("${home}", "${HOME}"),
            ("${_dirname}", "${__dirname}"),
            ("${workspaceFolder}", "known: "),
            ("${user_config.}", "known: "),
            ("${user_config.a b}", "known: "),
            ("${}", "known: "),
            ("${ HOME }", "${HOME}"),
            ("a\0", "remove"),
            (&"${HOME}".repeat(65), "several texts"),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert!(error.hint().contains(hint), "{text:?}: {} {}", error, error.hint());
        }
    }

    proptest! {
        #[test]
        fn a_text_without_placeholders_is_itself(text in "[^$\0]*") {
            let template = Template::parse(&text).unwrap();
            prop_assert_eq!(template.as_str(), &text);
            prop_assert!(template.settings().next().is_none() && template.words().next().is_none());
        }

        #[test]
        fn any_text_is_read_or_refused(text in ".*(\\$\\{.*)*") {
            if let Ok(template) = Template::parse(&text) {
                prop_assert_eq!(template.as_str(), &text);
            }
        }
    }
}
