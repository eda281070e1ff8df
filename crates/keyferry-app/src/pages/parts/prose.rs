//! Texts in which what is to be typed stands between backticks.

use maud::{Markup, html};

/// The text, with what stands between backticks as code. One whose backticks don't pair is shown as it is.
pub(in crate::pages) fn prose(text: &str) -> Markup {
    let parts: Vec<_> = text.split('`').collect();
    if parts.len() % 2 == 0 {
        return html! { (text) };
    }
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_typed_is_code_and_nothing_is_markup() {
        for (text, shown) in [
            ("run `keyferry list` <now>", "run <code>keyferry list</code> &lt;now&gt;"),
            ("`<b>`", "<code>&lt;b&gt;</code>"),
            ("one ` alone", "one ` alone"),
            ("", ""),
        ] {
            assert_eq!(prose(text).into_string(), shown);
        }
    }
}
