//! Delivery by credential files.

use std::fmt;

use serde_json::Value;

use super::{JsonTemplate, Template, Values, Word, template::Part};
use crate::{provider::ProviderFile, secret::SecretText};

/// The longest name of a folder or file, in bytes: what file systems take.
const LONGEST_NAME: usize = 255;

/// The deepest path that is taken.
const DEEPEST: usize = 16;

/// One `[[file]]`.
#[derive(Debug, Clone, PartialEq)]
pub struct FileDelivery {
    /// Where it goes.
    pub path: FilePath,
    /// Who may read it.
    pub mode: FileMode,
    /// What stands in it.
    pub content: FileContent,
}

/// What stands in a file.
#[derive(Debug, Clone, PartialEq)]
pub enum FileContent {
    /// A text. Where the file is JSON by its name, values are escaped for a JSON string.
    Text(Template),
    /// A JSON value.
    Json(JsonTemplate),
}

/// The permissions of a file: its owner alone, or its owner and who may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileMode(u32);

/// A path below the server's home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath {
    text: String,
    home: Option<String>,
    parts: Vec<Template>,
}

/// Why a text is no path for a credential file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFilePath {
    /// Outside of every home.
    #[error("a credential file lies below the server's home: begin with ~/ or /home/USER/")]
    OutsideHome,
    /// `.`, `..`, an empty or overlong name, or too many of them.
    #[error(
        "each part of the path is a name: not empty, not `.` or `..`, at most 255 bytes, at most 16 parts"
    )]
    Name,
    /// A control character or a backslash.
    #[error("the path holds a control character or a backslash")]
    Character,
    /// A brace that is no template, or a word that a path can't hold.
    #[error("a path may hold {{account}}, {{client_id}}, {{config.NAME}} and {{metadata.NAME}} alone")]
    Word,
}

/// A file, ready to be written.
#[derive(Debug)]
pub struct RenderedFile {
    /// The home that the path names, where it names one.
    pub home: Option<String>,
    /// The names below the home: folders, then the file.
    pub names: Vec<String>,
    /// Permissions.
    pub mode: u32,
    /// The content.
    pub content: SecretText,
}

/// Why a file of the provider file is not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotDeliverable {
    /// A value would make another path of it.
    #[error("a value in its path holds a character that no file name has here")]
    Path,
    /// Two names of a JSON object become the same.
    #[error("two names in its JSON are the same with these values")]
    Twice,
    /// A value would break the lines of the file.
    #[error("a value holds a line break or another control character")]
    Control,
}

impl FileMode {
    /// The owner alone reads and writes.
    pub const PRIVATE: Self = Self(0o600);

    /// Reads octal digits. Nobody but the owner may write, and nothing may be executed.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('0').filter(|digits| digits.len() == 3)?;
        let mode = u32::from_str_radix(digits, 8).ok()?;
        (mode & 0o600 == 0o600 || mode == 0o400 || mode == 0o440 || mode == 0o444)
            .then_some(mode)
            .filter(|mode| mode & 0o133 == 0)
            .map(Self)
    }

    /// The permission bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }
}

impl FilePath {
    /// Reads a path.
    ///
    /// # Errors
    /// [`InvalidFilePath`] with what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidFilePath> {
        if text.chars().any(|c| c.is_control() || c == '\\') {
            return Err(InvalidFilePath::Character);
        }
        let (home, below) = if let Some(below) = text.strip_prefix("~/") {
            (None, below)
        } else {
            let rest = text.strip_prefix("/home/").ok_or(InvalidFilePath::OutsideHome)?;
            let (user, below) = rest.split_once('/').ok_or(InvalidFilePath::OutsideHome)?;
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            if user.is_empty() || user.starts_with('.') || !user.bytes().all(plain) {
                return Err(InvalidFilePath::OutsideHome);
            }
            (Some(format!("/home/{user}")), below)
        };
        let parts: Vec<_> = below.split('/').map(part).collect::<Result<_, _>>()?;
        if parts.len() > DEEPEST {
            Err(InvalidFilePath::Name)
        } else {
            Ok(Self { text: text.to_owned(), home, parts })
        }
    }

    /// The words in it.
    pub fn words(&self) -> impl Iterator<Item = &Word> {
        self.parts.iter().flat_map(Template::words)
    }

    /// Whether the file is JSON by its name.
    pub(crate) fn is_json(&self) -> bool {
        let last = self.parts.last().and_then(|part| part.parts().last());
        matches!(last, Some(Part::Text(text)) if text.to_ascii_lowercase().ends_with(".json"))
    }

    fn fill(&self, values: &Values<'_>) -> Option<Result<Vec<String>, NotDeliverable>> {
        let mut names = Vec::new();
        for part in &self.parts {
            let name = part.fill(values)?.expose_secret().to_owned();
            let odd = |c: char| c.is_control() || matches!(c, '/' | '\\');
            if !is_name(&name) || name.contains(odd) {
                return Some(Err(NotDeliverable::Path));
            }
            names.push(name);
        }
        Some(Ok(names))
    }
}

/// The path as it stands in the provider file.
impl fmt::Display for FilePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

fn part(text: &str) -> Result<Template, InvalidFilePath> {
    if !is_name(text) {
        return Err(InvalidFilePath::Name);
    }
    let template = Template::parse(text).map_err(|_| InvalidFilePath::Word)?;
    let fits =
        |word: &Word| matches!(word, Word::Account | Word::ClientId | Word::Config(_) | Word::Metadata(_));
    if template.words().all(fits) { Ok(template) } else { Err(InvalidFilePath::Word) }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text != "." && text != ".." && text.len() <= LONGEST_NAME
}

/// The files of the provider file, filled. One whose words have no value is left out, as a variable is.
///
/// # Errors
/// [`NotDeliverable`] with the place of the file in the list, where a value can't stand in its place.
pub fn files(file: &ProviderFile, values: &Values<'_>) -> Result<Vec<RenderedFile>, (usize, NotDeliverable)> {
    let rendered = file.files.iter().enumerate().filter_map(|(index, file)| {
        let rendered = render(file, values)?;
        Some(rendered.map_err(|error| (index, error)))
    });
    rendered.collect()
}

fn render(file: &FileDelivery, values: &Values<'_>) -> Option<Result<RenderedFile, NotDeliverable>> {
    let names = match file.path.fill(values)? {
        Ok(names) => names,
        Err(error) => return Some(Err(error)),
    };
    let content = match &file.content {
        FileContent::Json(template) if template.doubles(values) => return Some(Err(NotDeliverable::Twice)),
        FileContent::Json(template) => {
            let text = serde_json::to_string_pretty(&template.fill(values)?).unwrap_or_default();
            SecretText::new(format!("{text}\n")).ok()?
        }
        FileContent::Text(template) => {
            let has_control =
                |word: &Word| values.text(word).is_some_and(|text| text.chars().any(char::is_control));
            if file.path.is_json() {
                template.fill_with(values, inner_json)?
            } else if template.words().any(has_control) {
                return Some(Err(NotDeliverable::Control));
            } else {
                template.fill(values)?
            }
        }
    };
    Some(Ok(RenderedFile { home: file.path.home.clone(), names, mode: file.mode.bits(), content }))
}

/// A text as it stands between the quotes of a JSON string.
fn inner_json(text: &str) -> Option<String> {
    let quoted = Value::from(text).to_string();
    Some(quoted.strip_prefix('"')?.strip_suffix('"')?.to_owned())
}

#[cfg(test)]
mod tests;
