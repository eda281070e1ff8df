//! Strangers' text, made safe to show.

/// Characters that `char::escape_debug` takes for letters although they show nothing: a text with them looks like one without.
const BLANK_LETTERS: [char; 6] = ['\u{115f}', '\u{1160}', '\u{17b4}', '\u{17b5}', '\u{3164}', '\u{ffa0}'];

/// The text with every character escaped (`\n`, `\u{202e}`) that could move the cursor, turn the writing direction, or hide.
///
/// `"` and `\` are escaped too, so that two different texts never look the same.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character == '\'' {
            out.push(character);
        } else if BLANK_LETTERS.contains(&character) {
            out.extend(character.escape_unicode());
        } else {
            out.extend(character.escape_debug());
        }
    }
    out
}

/// The text escaped and in quotes, cut visibly after 60 characters: for messages, where a text is named and not reviewed.
pub(super) fn named(text: &str) -> String {
    let mut characters = text.chars();
    let start: String = characters.by_ref().take(60).collect();
    let rest = characters.count();
    let more = if rest == 0 { String::new() } else { format!(" (and {rest} more characters)") };
    format!("\"{}\"{more}", escaped(&start))
}

/// Whether a character turns the direction of what follows it, so that a line reads otherwise than it is.
pub(super) fn turns_direction(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_turns_or_hides_is_escaped_and_letters_are_not() {
        for (text, shown) in [
            ("Größe 東京 it's", "Größe 東京 it's"),
            ("a\nb\r\t\0", "a\\nb\\r\\t\\0"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("a\u{202e}b\u{2066}", "a\\u{202e}b\\u{2066}"),
            ("\u{200b}\u{feff}\u{2028}\u{ad}", "\\u{200b}\\u{feff}\\u{2028}\\u{ad}"),
            ("\u{3164}\u{e0041}", "\\u{3164}\\u{e0041}"),
            ("\"\\", "\\\"\\\\"),
        ] {
            assert_eq!(escaped(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        assert_eq!(named(&"x".repeat(100)), format!("\"{}\" (and 40 more characters)", "x".repeat(60)));
    }
}
