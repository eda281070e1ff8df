//! One event is one line: what was logged can't begin a line of its own, nor move a terminal's cursor.
//!
//! JSON has no raw control characters. Of a line for people the formatter escapes some in the message and none in the other fields.

use std::borrow::Cow;

/// The line with its control characters escaped, but for its colours and its end.
pub(super) fn one_line(line: &[u8]) -> Cow<'_, [u8]> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    // Without a way out of the loop it is done many bytes at a time.
    if !text.iter().fold(false, |found, &byte| found | may_control(byte)) {
        return Cow::Borrowed(line);
    }
    let end = line.get(text.len()..).unwrap_or_default();
    let mut escaped = Vec::with_capacity(line.len() + 16);
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let (length, harmless) = match first {
            0x1b => colour(rest).map_or((1, false), |length| (length, true)),
            // U+0080 to U+009F, which some terminals obey like ESC.
            0xc2 if matches!(rest, [_, 0x80..=0x9f, ..]) => (2, false),
            _ => (1, first == 0xc2 || !may_control(first)),
        };
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if harmless {
            escaped.extend_from_slice(part);
        } else {
            escaped.extend(part.escape_ascii());
        }
        rest = after;
    }
    escaped.extend_from_slice(end);
    Cow::Owned(escaped)
}

fn may_control(byte: u8) -> bool {
    byte < b' ' && byte != b'\t' || byte == 0x7f || byte == 0xc2
}

/// The length of the colour that the text begins with, such as `ESC [ 2 m`. Any other sequence is none.
fn colour(text: &[u8]) -> Option<usize> {
    let parameters = text.strip_prefix(b"\x1b[")?;
    let end = parameters.iter().position(|byte| !byte.is_ascii_digit() && *byte != b';')?;
    (parameters.get(end) == Some(&b'm')).then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_control_a_terminal_is_escaped() {
        let table = [
            ("a\n", "a\n"),
            ("a", "a"),
            ("", ""),
            ("a\nINFO forged\n", "a\\nINFO forged\n"),
            ("a\r\n", "a\\r\n"),
            ("\0\x07\x08\x0b\x0c\x7f\n\n", "\\x00\\x07\\x08\\x0b\\x0c\\x7f\\n\n"),
            (
                "\u{1b}[2m\u{1b}[1;31mé\tß «a»\u{1b}[m\u{1b}[0m\n",
                "\u{1b}[2m\u{1b}[1;31mé\tß «a»\u{1b}[m\u{1b}[0m\n",
            ),
            ("\u{1b}[2Jx\u{1b}]0;t\u{1b}[1\u{1b}", "\\x1b[2Jx\\x1b]0;t\\x1b[1\\x1b"),
            ("a\u{9b}2Jb\u{a0}", "a\\xc2\\x9b2Jb\u{a0}"),
        ];
        for (line, expected) in table {
            let shown = one_line(line.as_bytes());
            assert_eq!(std::str::from_utf8(&shown).unwrap(), expected, "{line:?}");
        }
    }
}
