//! The secrets of a launch, taken out of a text.

use std::sync::{Arc, PoisonError, RwLock};

use keyferry_core::secret::SecretText;
use zeroize::Zeroizing;

use super::LONGEST_LINE;
use crate::runtime::{Launch, RemoteLaunch};

/// A value of a variable is masked from this length on: to mask each `true` or `8080` would hide more than it keeps.
const SHORTEST_VALUE: usize = 8;
/// A text that was named a secret is masked from this length on.
const SHORTEST_SECRET: usize = 4;
/// A longer value is masked in pieces of this size, so that a line need not be held longer than that to find them.
const PIECE: usize = 4 * 1024;

/// What to look for, and what to put there. Has no `Debug`. Grows when a running server gets new tokens.
pub(crate) struct Mask(RwLock<Arc<Patterns>>);

#[derive(Clone, Default)]
struct Patterns {
    /// The longest first: at one place the longest wins, so that a secret within a longer one does not leave the rest of it.
    patterns: Vec<Pattern>,
    longest: usize,
}

#[derive(Clone)]
struct Pattern {
    text: Zeroizing<String>,
    shown: String,
}

impl Mask {
    /// Everything that was handed in with the launch: as it is, percent-encoded, and as JSON writes it.
    pub(crate) fn of(launch: &Launch) -> Self {
        Self::hiding(&launch.environment, &launch.secrets)
    }

    /// The same, of a server that runs elsewhere.
    pub(crate) fn of_remote(launch: &RemoteLaunch) -> Self {
        Self::hiding(&launch.headers, &launch.secrets)
    }

    fn hiding(named: &[(String, SecretText)], secrets: &[SecretText]) -> Self {
        let mut patterns = Patterns::default();
        for (name, value) in named {
            patterns.hide(value, SHORTEST_VALUE, &format!("[{name}]"));
        }
        patterns.hide_all(secrets);
        Self(RwLock::new(Arc::new(patterns)))
    }

    /// Hides these as well from now on.
    pub(crate) fn learn(&self, secrets: &[SecretText]) {
        let mut patterns = Patterns::clone(&self.now());
        patterns.hide_all(secrets);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(patterns);
    }

    /// How much of a line must be seen to keep [`LONGEST_LINE`] of it.
    pub(crate) fn window(&self) -> usize {
        LONGEST_LINE + self.now().longest
    }

    /// The text without the secrets.
    ///
    /// `cut`: the text is the beginning of a longer one. Its end may then be the first part of a secret that can't be known as one,
    /// and is left out.
    pub(crate) fn apply(&self, text: &str, cut: bool) -> String {
        self.now().apply(text, cut)
    }

    fn now(&self) -> Arc<Patterns> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Patterns {
    fn apply(&self, text: &str, cut: bool) -> String {
        let end =
            if cut { text.floor_char_boundary(text.len().saturating_sub(self.longest)) } else { text.len() };
        let mut shown = String::with_capacity(text.len());
        let mut next: Vec<Option<usize>> = vec![Some(0); self.patterns.len()];
        let mut at = 0;
        while at < end {
            let Some((found, pattern)) = self.first(text, at, &mut next).filter(|&(found, _)| found < end)
            else {
                shown.push_str(text.get(at..end).unwrap_or_default());
                break;
            };
            shown.push_str(text.get(at..found).unwrap_or_default());
            shown.push_str(&pattern.shown);
            at = found + pattern.text.len();
        }
        shown
    }

    /// The first secret from `at` on. `next` keeps where each pattern was last found, so that a text is searched once a pattern.
    fn first<'m>(
        &'m self,
        text: &str,
        at: usize,
        next: &mut [Option<usize>],
    ) -> Option<(usize, &'m Pattern)> {
        let mut first: Option<(usize, &Pattern)> = None;
        for (pattern, place) in self.patterns.iter().zip(next) {
            let stale = place.is_some_and(|found| found <= at);
            if stale {
                *place =
                    text.get(at..).and_then(|rest| rest.find(pattern.text.as_str())).map(|found| at + found);
            }
            if let Some(found) = *place
                && first.is_none_or(|(earliest, _)| found < earliest)
            {
                first = Some((found, pattern));
            }
        }
        first
    }

    fn hide_all(&mut self, secrets: &[SecretText]) {
        for secret in secrets {
            self.hide(secret, SHORTEST_SECRET, "[secret]");
        }
        self.patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.text.len()));
        self.longest = self.patterns.first().map_or(0, |pattern| pattern.text.len());
    }

    fn hide(&mut self, secret: &SecretText, shortest: usize, shown: &str) {
        // A log is read by the line, so a secret of several lines is looked for line by line.
        for line in secret.expose_secret().split(['\n', '\r']).filter(|line| line.len() >= shortest) {
            for piece in pieces(line) {
                self.add(Zeroizing::new(piece.to_owned()), shown);
                self.add(percent_encoded(piece), shown);
                self.add(json_encoded(piece), shown);
            }
        }
    }

    fn add(&mut self, text: Zeroizing<String>, shown: &str) {
        if !self.patterns.iter().any(|pattern| *pattern.text == *text) {
            self.patterns.push(Pattern { text, shown: shown.to_owned() });
        }
    }
}

/// Pieces of at most `PIECE` bytes; a rest too short to look for joins the piece before.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > PIECE + SHORTEST_VALUE {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

fn percent_encoded(text: &str) -> Zeroizing<String> {
    let bytes = url::form_urlencoded::byte_serialize(text.as_bytes());
    Zeroizing::new(bytes.collect())
}

fn json_encoded(text: &str) -> Zeroizing<String> {
    let quoted = Zeroizing::new(serde_json::to_string(text).unwrap_or_default());
    let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    Zeroizing::new(inner.unwrap_or(text).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_a_running_server_gets_later_is_hidden_too() {
        let mask = mask(&[("TOKEN", "canary-0123456789")], &[]);
        mask.learn(&[SecretText::new("another-canary-0123456789").unwrap()]);
        assert_eq!(mask.apply("canary-0123456789 another-canary-0123456789", false), "[TOKEN] [secret]");
    }

    fn mask(environment: &[(&str, &str)], secrets: &[&str]) -> Mask {
        let secret = |text: &str| SecretText::new(text).unwrap();
        Mask::of(&Launch {
            server: "notes".parse().unwrap(),
            program: "x".into(),
            args: vec![],
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), secret(value)))
                .collect(),
            secrets: secrets.iter().map(|text| secret(text)).collect(),
            working_directory: "/".into(),
            files: vec![],
            home: "/".into(),
            place: crate::runtime::Place::Process,
        })
    }

    #[test]
    fn a_value_is_replaced_by_its_name_in_every_writing() {
        let mask = mask(
            &[
                ("TOKEN", "canary/+\"x y"),
                ("HEADER", "Bearer canary/+\"x y"),
                ("DEBUG", "true"),
                ("PORT", "8080"),
            ],
            &["pin1", "no"],
        );
        let table = [
            ("got canary/+\"x y!", "got [TOKEN]!"),
            ("canary/+\"x ycanary/+\"x y", "[TOKEN][TOKEN]"),
            ("Authorization: Bearer canary/+\"x y", "Authorization: [HEADER]"),
            ("?t=canary%2F%2B%22x+y&a", "?t=[TOKEN]&a"),
            ("{\"t\":\"canary/+\\\"x y\"}", "{\"t\":\"[TOKEN]\"}"),
            ("true 8080 no pin1", "true 8080 no [secret]"),
            ("nothing here ü", "nothing here ü"),
            ("", ""),
        ];
        for (said, kept) in table {
            assert_eq!(mask.apply(said, false), kept);
        }
    }

    #[test]
    fn every_line_of_a_key_is_masked() {
        let mask = mask(&[("KEY", "-----BEGIN-----\r\nMIIcanaryAAA\r\nMIIcanaryBBB\r\n-----END-----")], &[]);
        assert_eq!(mask.apply("x MIIcanaryAAA y", false), "x [KEY] y");
        assert_eq!(mask.apply("MIIcanaryBBB", false), "[KEY]");
    }

    #[test]
    fn a_very_long_value_leaves_nothing() {
        let long: String = (0..200_000u32).map(|n| char::from(b'a' + (n * 7 % 26) as u8)).collect();
        let mask = mask(&[("LONG", &long)], &[]);
        let kept = mask.apply(&format!("<{long}>"), false);
        assert!(kept.replace("[LONG]", "").len() <= 2, "{} bytes stay", kept.len());
        assert!(mask.window() <= LONGEST_LINE + 3 * (PIECE + SHORTEST_VALUE));
    }

    #[test]
    fn the_cut_end_of_a_line_holds_no_part_of_a_secret() {
        let secret = "canary-0123456789";
        let mask = mask(&[("TOKEN", secret)], &[]);
        for kept in 1..secret.len() {
            let text = format!("{}{}", "x".repeat(100), &secret[..kept]);
            assert!(!mask.apply(&text, true).contains('c'), "{kept}");
        }
        assert!(mask.apply(&format!("ab{secret}{}", "x".repeat(40)), true).starts_with("ab[TOKEN]x"));
    }
}
