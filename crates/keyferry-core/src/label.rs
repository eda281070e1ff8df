//! What a person calls a thing of theirs.

use std::{fmt, str::FromStr};

use crate::manifest::escaped;

/// A text that can't be a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a label is 1 to {LONGEST} characters in one line, and shows what it holds")]
pub struct InvalidLabel;

/// The longest label, in characters: it stands in a column of a table.
const LONGEST: usize = 60;

/// A short name in the person's own words. Nothing in it moves the cursor, turns the writing direction or hides.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label(String);

impl Label {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Label {
    type Err = InvalidLabel;

    /// Blanks around the text don't count.
    fn from_str(text: &str) -> Result<Self, InvalidLabel> {
        let text = text.trim();
        // Quotes and backslashes are escaped there for another reason.
        let harmless = |character| matches!(character, '"' | '\\');
        let shows = escaped(&text.replace(harmless, "")) == text.replace(harmless, "");
        match (1..=LONGEST).contains(&text.chars().count()) && shows {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidLabel),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_a_line_that_shows_what_it_holds() {
        for (given, kept) in [("work", "work"), ("  Zoë's \"2nd\" 東京 ", "Zoë's \"2nd\" 東京")] {
            assert_eq!(given.parse::<Label>().unwrap().as_str(), kept);
        }
        for bad in ["", "   ", "a\nb", "a\u{1b}[2J", "a\u{202e}b", "a\u{200b}", &"x".repeat(61)] {
            assert_eq!(bad.parse::<Label>(), Err(InvalidLabel), "{bad:?}");
        }
    }
}
