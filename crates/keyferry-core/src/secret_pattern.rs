//! What a secret looks like in a line, and what is left of it: the last line of defence of whatever leaves the program as text, a log or
//! a report. Secrets have types that print `[redacted]`, so that nothing should ever be found.

use std::{borrow::Cow, sync::LazyLock};

use regex::bytes::{Captures, Regex};

/// What names a secret, at the end of whatever name: `JIRA_ACCESS_TOKEN` too.
const NAME: &str =
    r"(?i:token|secret|assertion|verifier|password|(?:api|access|sealing|master|private)[_-]?key)";
/// Names that only count as whole words: `error_code` and `estate` are no secrets.
const WORD: &str = r"(?i:(?:\b|\x1b\[[0-9;]*m|%[0-9a-f]{2})(?:code|state))";
/// What may stand beside the separator: quotes, spaces and colours, as text, as JSON, and as JSON within JSON.
const GAP: &str = r#"(?:\x1b\[[0-9;]*m|[\s\\"'])"#;
/// What separates a name from its value, percent-encoded too.
const IS: &str = r"(?:=>?|:|%3[aAdD])";
/// What a value is wrapped in when it is printed for debugging: `Some("…")`, `AccessToken("…")`, `["…"]`.
const WRAPPED: &str = r"(?:(?:Some|[A-Z][A-Za-z]*(?:Token|Secret|Code|Verifier|State|Key))?[(\[{])+";
/// Eight bytes are the least that is masked. Fewer would mask words of ours, such as a state `ready`. What stands in quotes is masked up
/// to the next.
const VALUE: &str = r#""[^"\\\r\n\x1b]{8,}|'[^'\\\r\n\x1b]{8,}|[^\s"'&,;\\}\])\x1b]{8,}"#;
/// JSON web tokens, and the tokens of well-known services and of our own.
const KNOWN: &str = r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_.-]+|xox[a-z]-[A-Za-z0-9-]{8,}|gh[opusr]_[A-Za-z0-9]{8,}|github_pat_[A-Za-z0-9_]{8,}|ya29\.[A-Za-z0-9._-]{8,}|sbx_[a-z]+_[A-Za-z0-9_-]{8,}|kfr1\.[A-Za-z0-9._-]{8,}";

/// The groups hold what of a match is shown.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let cookies = format!(r#"((?i:cookie){GAP}*[=:]{GAP}*)[^"\\\r\n\x1b]{{8,}}"#);
    let named = format!("((?:{NAME}|{WORD}){GAP}*{IS}{GAP}*?(?:{WRAPPED}{GAP}*?)?)({VALUE})");
    let header = r"((?i:bearer|basic)\s+)[A-Za-z0-9+/._~=-]{8,}";
    Regex::new(&format!("(?-u){cookies}|{named}|{header}|{KNOWN}")).ok()
});

/// The line with all that looks like a secret masked.
#[must_use]
pub fn mask(line: &[u8]) -> Cow<'_, [u8]> {
    // Without the pattern nothing can be vouched for, so nothing is written.
    let Some(secrets) = SECRETS.as_ref() else { return Cow::Borrowed(b"[a log line was withheld]\n") };
    secrets.replace_all(line, shown)
}

fn shown(found: &Captures<'_>) -> Vec<u8> {
    let group = |index| found.get(index).map_or(&b""[..], |group| group.as_bytes());
    let value = group(3);
    if value == b"redacted" {
        return group(0).to_vec();
    }
    let quote = value.get(..1).filter(|first| matches!(first, [b'"' | b'\''])).unwrap_or_default();
    [group(1), group(2), group(4), quote, b"[redacted]"].concat()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_pattern_is_one() {
        assert!(super::SECRETS.is_some());
    }
}
