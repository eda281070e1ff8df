//! What is printed. Data goes to standard output, everything else to standard error. A reader that went away is no failure.

#[cfg(feature = "app")]
mod of_the_app;

use std::io::{self, Write as _};

use serde::Serialize;

#[cfg(feature = "app")]
pub(crate) use of_the_app::{facts, time, warning, watched};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_trailing_blanks_go() {
        let rows = [["a".to_owned(), "long cell".to_owned()], ["länger".to_owned(), String::new()]];
        assert_eq!(table(["NAME", "TEXT"], &rows, "none"), "NAME    TEXT\na       long cell\nlänger\n");
        assert_eq!(table::<1>(["NAME"], &[], "nothing here"), "nothing here");
    }
}
