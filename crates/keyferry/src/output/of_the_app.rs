//! What only the app's commands print.

use std::io::{self, IsTerminal as _};

use jiff::Timestamp;
use keyferry_core::problem::Problem;

use super::note;

/// Prints what is wrong without being a failure, and what to do about it.
pub(crate) fn warning(problem: &Problem) {
    let hint = problem.hint.as_ref().map(|hint| format!("\n  hint: {hint}")).unwrap_or_default();
    note(&format!("warning: {}{hint}", problem.message));
}

/// Whether a person reads along on standard error.
pub(crate) fn watched() -> bool {
    io::stderr().is_terminal()
}

/// A point in time, to the second.
pub(crate) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// Names and values, one a line. A value without text is left out.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let width = facts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let shown = facts.iter().filter(|(_, value)| !value.is_empty());
    shown
        .map(|(name, value)| {
            format!("{name:width$}  {}\n", value.replace('\n', &format!("\n{:width$}  ", "")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_without_value_is_left_out() {
        assert_eq!(
            facts(&[("name", "x".to_owned()), ("note", String::new()), ("id", "1\n2".to_owned())]),
            "name  x\nid    1\n      2\n"
        );
    }
}
