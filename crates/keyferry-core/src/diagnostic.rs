//! What is wrong with a file that a person wrote, and where.

use std::{fmt, ops::Range};

use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The file works, but probably not as meant.
    Warning,
    /// The file can't be used.
    Error,
}

/// One finding: what, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// The file as the person named it.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(out, "{}:{}:{}: {severity}: {}", self.file, self.line, self.column, self.message)?;
        match &self.hint {
            Some(hint) => write!(out, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// All findings in one file, in the order of its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    /// The findings.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Whether any of them is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|found| found.severity == Severity::Error)
    }

    /// Whether nothing was found.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<_> = self.0.iter().map(ToString::to_string).collect();
        out.write_str(&texts.join("\n"))
    }
}

impl std::error::Error for Diagnostics {}

/// Gathers findings while a file is read, and knows where in the text each stands.
pub(crate) struct Report<'s> {
    file: &'s str,
    source: &'s str,
    found: Vec<Diagnostic>,
}

impl<'s> Report<'s> {
    pub(crate) fn new(file: &'s str, source: &'s str) -> Self {
        Self { file, source, found: Vec::new() }
    }

    pub(crate) fn error(&mut self, span: &Range<usize>, message: impl Into<String>, hint: impl Into<String>) {
        self.push(Severity::Error, span, message.into(), hint.into());
    }

    pub(crate) fn warning(
        &mut self,
        span: &Range<usize>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.push(Severity::Warning, span, message.into(), hint.into());
    }

    /// Whether an error was found so far.
    pub(crate) fn has_errors(&self) -> bool {
        self.found.iter().any(|found| found.severity == Severity::Error)
    }

    /// Where a text stands for the first time.
    pub(crate) fn find(&self, text: &str) -> Range<usize> {
        self.source.find(text).map_or(0..0, |at| at..at + text.len())
    }

    /// Where the value of a key stands: behind `name = `, at the beginning of a line.
    pub(crate) fn find_value(&self, name: &str) -> Range<usize> {
        let mut offset = 0;
        for line in self.source.split_inclusive('\n') {
            let rest = line.trim_start().strip_prefix(name).map(str::trim_start);
            if let Some(value) = rest.and_then(|rest| rest.strip_prefix('=')) {
                let at = offset + line.len() - value.trim_start().len();
                return at..offset + line.len();
            }
            offset += line.len();
        }
        self.find(name)
    }

    pub(crate) fn finish(mut self) -> Diagnostics {
        self.found.sort_by_key(|found| (found.line, found.column));
        Diagnostics(self.found)
    }

    fn push(&mut self, severity: Severity, span: &Range<usize>, message: String, hint: String) {
        let (line, column) = position(self.source, span.start);
        let hint = Some(hint).filter(|hint| !hint.is_empty());
        self.found.push(Diagnostic { severity, file: self.file.to_owned(), line, column, message, hint });
    }
}

fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = source.get(..offset).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (before.matches('\n').count() + 1, column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_counts_lines_and_characters_from_one() {
        assert_eq!(position("", 0), (1, 1));
        assert_eq!(position("a\nbé = 1", 5), (2, 3));
        assert_eq!(position("a\n", 99), (2, 1));
    }
}
