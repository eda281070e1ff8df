//! Characters that a terminal would obey, or that turn the order of reading round, made visible.

use std::fmt::Write as _;

/// The text with every such character escaped, so that what is read is what was written. A tab stays.
pub(crate) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => shown.push('\t'),
            '\r' => shown.push_str("\\r"),
            '\n' => shown.push_str("\\n"),
            _ if obeyed(character) => {
                // Writing to a String does not fail.
                _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
            }
            _ => shown.push(character),
        }
    }
    shown
}

fn obeyed(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_obeyed_is_written() {
        let table = [
            ("plain\ttext ü 漢", "plain\ttext ü 漢"),
            ("\u{1b}[2J\u{1b}]0;title\u{7}", "\\u{1b}[2J\\u{1b}]0;title\\u{7}"),
            ("a\rb\nc", "a\\rb\\nc"),
            ("\u{9b}31m\u{0}\u{7f}", "\\u{9b}31m\\u{0}\\u{7f}"),
            ("a\u{202e}b\u{2066}c\u{2028}d\u{feff}", "a\\u{202e}b\\u{2066}c\\u{2028}d\\u{feff}"),
        ];
        for (raw, shown) in table {
            assert_eq!(escaped(raw), shown);
        }
    }
}
