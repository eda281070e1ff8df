//! Secrets that an author left in the file, which is for everyone to read.

use std::ops::Range;

use super::{super::file::ProviderFile, lint::of_requests};
use crate::{delivery::Template, diagnostic::Report};

/// How secrets of well-known services begin.
const STARTS: [&str; 19] = [
    "GOCSPX-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxe-",
    "xapp-",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gloas-",
    "sk_live_",
    "rk_live_",
    "shpss_",
    "lin_api_",
    "ATOA",
];

/// The shortest word that such a beginning makes a secret. Below it, it is the beginning alone, as patterns and notes name it.
const SHORTEST: usize = 20;

/// A name that says that its value is a secret.
const NAMES: [&str; 5] = ["secret", "password", "api_key", "api-key", "apikey"];

const HINT: &str =
    "secrets go into the proxy's environment; a variable beside id and secret is named in `requires`";

/// Looks through the text, comments too, and through what has a telling name.
pub(super) fn secrets(file: &ProviderFile, report: &mut Report<'_>) {
    for span in words(&file.source) {
        report.error(&span, "this looks like a secret", HINT);
    }
    for (name, template) in named(file) {
        let Some(text) = template.as_text().filter(|text| text.len() >= 8) else { continue };
        let lower = name.to_ascii_lowercase();
        if NAMES.iter().any(|word| lower.contains(word)) && words(text).next().is_none() {
            let span = report.find(text);
            report.error(&span, format!("`{name}` looks like a secret"), HINT);
        }
    }
}

/// The words of a text that begin as secrets do, and private keys in PEM. One pass, for a thousand files are read at start.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let of_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let mut offset = 0;
    text.as_bytes().split(move |byte| !of_word(*byte)).filter_map(move |word| {
        let span = offset..offset + word.len();
        offset = span.end + 1;
        let known = |start: &&str| word.starts_with(start.as_bytes());
        let secret = word.len() >= SHORTEST && STARTS.iter().any(known);
        (secret || word.starts_with(b"-----BEGIN")).then_some(span)
    })
}

/// Every text that has a name which services or servers give a meaning to.
fn named(file: &ProviderFile) -> Vec<(&str, &Template)> {
    let mut named: Vec<_> =
        of_requests(file).into_iter().map(|(name, template)| (name.as_str(), template)).collect();
    named.extend(file.env.iter().map(|(name, template)| (name.as_str(), template)));
    named
}
