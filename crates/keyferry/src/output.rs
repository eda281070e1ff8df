//! What is printed. Data goes to standard output, everything else to standard error. A reader that went away is no failure.

use std::io::{self, IsTerminal as _, Write as _};

use jiff::Timestamp;
use keyferry_app::api::dto::Problem;
use serde::Serialize;

/// Prints data: as JSON, or as the text that `human` makes of it.
pub(crate) fn data<T: Serialize>(json: bool, value: &T, human: impl FnOnce(&T) -> String) {
    let text = if json { serde_json::to_string_pretty(value).unwrap_or_default() } else { human(value) };
    line(&text);
}

/// Prints a line of data.
pub(crate) fn line(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end_matches('\n'));
    let _ = out.flush();
}

/// Prints a line beside the data.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

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

/// Rows in columns, each as wide as its widest cell. An empty table is its `empty` text.
pub(crate) fn table<const N: usize>(heads: [&str; N], rows: &[[String; N]], empty: &str) -> String {
    if rows.is_empty() {
        return empty.to_owned();
    }
    let mut widths = heads.map(|head| head.chars().count());
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = row(&heads.map(str::to_owned), &widths);
    for cells in rows {
        text.push_str(&row(cells, &widths));
    }
    text
}

fn row<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let padded: Vec<_> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
    format!("{}\n", padded.join("  ").trim_end())
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
    fn columns_line_up_and_trailing_blanks_go() {
        let rows = [["a".to_owned(), "long cell".to_owned()], ["länger".to_owned(), String::new()]];
        assert_eq!(table(["NAME", "TEXT"], &rows, "none"), "NAME    TEXT\na       long cell\nlänger\n");
        assert_eq!(table::<1>(["NAME"], &[], "nothing here"), "nothing here");
    }

    #[test]
    fn a_fact_without_value_is_left_out() {
        assert_eq!(
            facts(&[("name", "x".to_owned()), ("note", String::new()), ("id", "1\n2".to_owned())]),
            "name  x\nid    1\n      2\n"
        );
    }
}
