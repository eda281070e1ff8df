//! Which hosts an endpoint can become. The client secret goes there, so the answer decides whom a proxy must trust.

use regex_syntax::hir::{
    Class, Hir, HirKind,
    literal::{ExtractKind, Extractor},
};

use super::config::ConfigField;
use crate::{
    delivery::{Part, Word},
    id::FactName,
    url::Endpoint,
};

/// The hosts of an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostRule {
    /// These hosts, or those that end in one of these texts, each of which begins with a dot: all of one service.
    Within(Vec<String>),
    /// Whatever host a person names. A proxy sends a secret only to those that its operator listed.
    Anywhere,
}

impl HostRule {
    pub(super) fn fixed(endpoint: &Endpoint) -> Self {
        Self::Within(endpoint.url().host_str().map(str::to_owned).into_iter().collect())
    }

    /// The rule of a host with values in it.
    pub(super) fn of<'f>(parts: &[Part], field: impl Fn(&FactName) -> Option<&'f ConfigField>) -> Self {
        let mut ends = vec![String::new()];
        for part in parts.iter().rev() {
            let more = match part {
                Part::Text(text) => Ends { texts: vec![text.to_ascii_lowercase()], whole: true },
                Part::Word(Word::Config(name)) => field(name).map(ends_of_field).unwrap_or_default(),
                Part::Word(_) => Ends::default(),
            };
            let longer = more
                .texts
                .iter()
                .flat_map(|more| ends.iter().map(move |end| format!("{more}{end}")))
                .collect();
            if !more.whole {
                // What follows the value may bound the host although the value's own end, such as a digit, does not.
                return match Self::within(longer) {
                    Self::Anywhere => Self::within(ends),
                    within => within,
                };
            }
            ends = longer;
        }
        Self::Within(ends.into_iter().map(without_port).collect())
    }

    /// What ends like this is of one service, if each end names a domain of its own: a dot, a name, a dot, a name.
    fn within(ends: Vec<String>) -> Self {
        let ends: Vec<_> = ends.into_iter().map(without_port).collect();
        let bounds = |end: &String| end.strip_prefix('.').is_some_and(|domain| domain.contains('.'));
        if !ends.is_empty() && ends.iter().all(bounds) { Self::Within(ends) } else { Self::Anywhere }
    }

    /// Whether a host is one of them. `host` is a parsed one.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Within(hosts) => hosts.iter().any(|known| match known.strip_prefix('.') {
                Some(_) => host.len() > known.len() && host.ends_with(known.as_str()),
                None => host == known,
            }),
        }
    }
}

fn without_port(host: String) -> String {
    host.split(':').next().unwrap_or_default().to_owned()
}

/// The texts that a value can end in, and whether they are all of it.
struct Ends {
    texts: Vec<String>,
    whole: bool,
}

impl Default for Ends {
    fn default() -> Self {
        Self { texts: vec![String::new()], whole: false }
    }
}

/// What every match of the field's pattern ends in. Read from the pattern itself, so that a look-alike that the pattern lets through
/// is not taken for the service: `.` matches any character, and an end that goes through it is none.
fn ends_of_field(field: &ConfigField) -> Ends {
    let Some(pattern) = &field.pattern else { return Ends::default() };
    let found = suffixes(pattern.hir());
    let Some(literals) = found.literals().filter(|literals| !literals.is_empty()) else {
        return Ends::default();
    };
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).to_ascii_lowercase();
    Ends {
        texts: literals.iter().map(|literal| text(literal.as_bytes())).collect(),
        whole: literals.iter().all(regex_syntax::hir::literal::Literal::is_exact),
    }
}

/// Whether everything that a pattern matches is made of what hosts are made of. Read from the pattern itself: nothing is compiled.
pub(super) fn is_of_host_characters(pattern: &Hir) -> bool {
    let fits = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '.';
    match pattern.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => literal.0.iter().all(|byte| fits(char::from(*byte))),
        HirKind::Class(Class::Unicode(class)) => {
            class.iter().all(|range| range.end().is_ascii() && (range.start()..=range.end()).all(fits))
        }
        HirKind::Class(Class::Bytes(class)) => {
            class.iter().all(|range| (range.start()..=range.end()).map(char::from).all(fits))
        }
        HirKind::Repetition(repetition) => is_of_host_characters(&repetition.sub),
        HirKind::Capture(capture) => is_of_host_characters(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().all(is_of_host_characters),
    }
}

fn suffixes(hir: &Hir) -> regex_syntax::hir::literal::Seq {
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Suffix).limit_literal_len(253).limit_total(256);
    extractor.extract(hir)
}
