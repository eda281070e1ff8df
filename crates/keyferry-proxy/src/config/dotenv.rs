//! A `.env` file, read without touching the environment of the process.

use std::{collections::HashMap, fs, io, path::Path};

use keyferry_core::secret::SecretText;

/// The variables of a `.env` file.
#[derive(Debug, Default)]
pub struct DotEnv {
    variables: HashMap<String, SecretText>,
}

/// Why a `.env` file can't be used. Names the line, never its text.
#[derive(Debug, thiserror::Error)]
pub enum DotEnvError {
    /// The file can't be read.
    #[error("{file} can't be read: {error}")]
    Read {
        /// The file.
        file: String,
        /// Why.
        error: io::Error,
    },
    /// A line that is no `NAME=value`.
    #[error("{file}:{line}: this is no NAME=value; put a value with spaces or quotes into single quotes")]
    Line {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// A `$` that would be taken for a variable.
    #[error(
        "{file}:{line}: this value holds a $, which would be taken for a variable; put it into single quotes"
    )]
    Dollar {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
    },
    /// A variable that stands twice.
    #[error("{file}: {variable} stands there twice; keep one")]
    Twice {
        /// The file.
        file: String,
        /// The variable.
        variable: String,
    },
}

// === impl DotEnv ===

impl DotEnv {
    /// Reads a file; one that does not exist has no variables.
    ///
    /// # Errors
    /// [`DotEnvError`] with file and line.
    pub fn read(path: &Path) -> Result<Self, DotEnvError> {
        let file = path.display().to_string();
        match fs::read_to_string(path) {
            Ok(text) => Self::parse(&file, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(DotEnvError::Read { file, error }),
        }
    }

    /// The value of a variable.
    #[must_use]
    pub fn get(&self, variable: &str) -> Option<&SecretText> {
        self.variables.get(variable)
    }

    /// The names of its variables.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// A lookup that asks `first`, which is usually the process's environment, and then this file.
    pub fn behind(&self, first: impl Fn(&str) -> Option<String>) -> impl Fn(&str) -> Option<String> {
        move |variable| {
            first(variable).or_else(|| self.get(variable).map(|value| value.expose_secret().to_owned()))
        }
    }

    fn parse(file: &str, text: &str) -> Result<Self, DotEnvError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        // The format knows `$NAME`. A secret with a dollar sign would silently lose a part, and the provider's refusal would name
        // no reason, so such a line is refused here instead.
        if let Some(line) = text.lines().position(substitutes) {
            return Err(DotEnvError::Dollar { file: file.to_owned(), line: line + 1 });
        }
        let mut variables = HashMap::new();
        for entry in dotenvy::from_read_iter(text.as_bytes()) {
            let (variable, value) = entry.map_err(|error| unreadable(file, text, &error))?;
            let line = line_of(text, &variable);
            let value =
                SecretText::new(value).map_err(|_| DotEnvError::Line { file: file.to_owned(), line })?;
            if variables.insert(variable.clone(), value).is_some() {
                return Err(DotEnvError::Twice { file: file.to_owned(), variable });
            }
        }
        Ok(Self { variables })
    }
}

/// Whether a line holds a `$` outside of a comment, single quotes and an escape.
fn substitutes(line: &str) -> bool {
    let Some((_, value)) = line.split_once('=') else { return false };
    if line.trim_start().starts_with('#') {
        return false;
    }
    let (mut quoted, mut escaped, mut before) = (false, false, ' ');
    for character in value.chars() {
        match character {
            _ if escaped => escaped = false,
            '\'' => quoted = !quoted,
            '\\' if !quoted => escaped = true,
            '#' if !quoted && before.is_whitespace() => return false,
            '$' if !quoted => return true,
            _ => {}
        }
        before = character;
    }
    false
}

/// The parser's error holds the whole line, secret included; only its number goes on.
fn unreadable(file: &str, text: &str, error: &dotenvy::Error) -> DotEnvError {
    let line = match error {
        dotenvy::Error::LineParse(bad, _) => {
            // The parser takes comments and blanks off a line before it complains, and may quote a part of it.
            let first = bad.lines().next().unwrap_or_default().trim();
            let exact = text.lines().position(|line| line.trim() == first);
            let within = || text.lines().position(|line| !first.is_empty() && line.contains(first));
            exact.or_else(within).or_else(|| first_odd(text)).map_or(1, |line| line + 1)
        }
        _ => 1,
    };
    DotEnvError::Line { file: file.to_owned(), line }
}

/// The first line that can't be a variable, a comment or nothing.
fn first_odd(text: &str) -> Option<usize> {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.".contains(&byte);
    text.lines().position(|line| {
        let line = line.trim();
        let named = line.strip_prefix("export ").unwrap_or(line).split_once('=');
        let good = named.is_some_and(|(name, _)| !name.trim().is_empty() && name.trim().bytes().all(of_name));
        !line.is_empty() && !line.starts_with('#') && !good
    })
}

fn line_of(text: &str, variable: &str) -> usize {
    text.lines().position(|line| line.contains(variable)).map_or(1, |line| line + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str, variable: &str) -> String {
        DotEnv::parse(".env", text).unwrap().get(variable).unwrap().expose_secret().to_owned()
    }

    #[test]
    fn values_are_read_plain_and_quoted() {
        let text = "\u{feff}# comment with $\nA=1\nexport B='p$w #x'\nC=\"a b\"\nD=a#b # $x\nE=\\$x\nF=\n";
        let table = [("A", "1"), ("B", "p$w #x"), ("C", "a b"), ("D", "a#b"), ("E", "$x"), ("F", "")];
        for (variable, expected) in table {
            assert_eq!(value(text, variable), expected, "{variable}");
        }
    }

    #[test]
    fn a_bad_line_is_named_without_its_text() {
        let table = [
            ("A=1\nACME_CLIENT_SECRET canary", ".env:2:"),
            ("A=1\n\nS=canary$canary", ".env:3:"),
            ("S=\"canary$x\"", ".env:1:"),
            ("S=canary b c", ".env:1:"),
            ("A=1\n# note\n\nS=canary b c\nB=2", ".env:4:"),
            ("A=1\n\n  this is canary\n", ".env:3:"),
            ("A=1\r\nB=2\r\nS: canary\r\n", ".env:3:"),
            ("A=1\nB=2\n=canary\n", ".env:3:"),
            ("A=1\nB=2\nmy-name=canary\n", ".env:3:"),
            ("A=1\nB='two\nlines'\nS canary\n", ".env:4:"),
            ("A=1\nB=2\nS=\"canary\n", ".env:3:"),
            ("A=1\nB=2\nS='canary\nC=3\n", ".env:3:"),
            ("S=canary\nS=canary2", "S stands there twice"),
        ];
        for (text, part) in table {
            let error = DotEnv::parse(".env", text).unwrap_err();
            assert!(error.to_string().contains(part), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn the_environment_wins_over_the_file_and_a_missing_file_is_empty() {
        let folder = tempfile::tempdir().unwrap();
        let missing = DotEnv::read(&folder.path().join(".env")).unwrap();
        assert!(missing.get("A").is_none());
        std::fs::write(folder.path().join(".env"), "A=file\nB=file\n").unwrap();
        let file = DotEnv::read(&folder.path().join(".env")).unwrap();
        let lookup = file.behind(|name| (name == "A").then(|| "process".to_owned()));
        assert_eq!(lookup("A").unwrap(), "process");
        assert_eq!(lookup("B").unwrap(), "file");
        assert_eq!(lookup("C"), None);
    }

    #[test]
    fn nothing_of_a_value_is_printed() {
        let file = DotEnv::parse(".env", "A=canary").unwrap();
        assert!(!format!("{file:?}").contains("canary"));
    }
}
