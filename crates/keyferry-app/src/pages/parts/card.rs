//! Cards, and what stands on them.

use maud::{Markup, html};

/// A word for how a thing does, with a dot of that colour: `good`, `busy`, `warn`, `bad` or `calm`.
pub(in crate::pages) fn badge(tone: &str, word: &str) -> Markup {
    html! { span class={ "badge " (tone) } { (word) } }
}

/// What a page says that has nothing to show yet: why, and what to do first.
pub(in crate::pages) fn empty(title: &str, text: &str, go: Option<(&str, &str)>) -> Markup {
    html! {
        div.empty {
            h2 { (title) }
            p { (text) }
            @if let Some((path, label)) = go { p { a.button.main href=(path) { (label) } } }
        }
    }
}

/// A tile with the first letters of a name, in a colour of its own; for people who see it: the name stands beside it.
pub(in crate::pages) fn initials(name: &str) -> Markup {
    let mut words = name.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = |word: Option<&str>| word.and_then(|word| word.chars().next());
    let letters: String = [first(words.next()), first(words.next())].into_iter().flatten().collect();
    let hue = name.bytes().fold(7_u32, |hue, byte| hue.wrapping_mul(31).wrapping_add(u32::from(byte))) % 8;
    html! { span class={ "tile hue" (hue) } aria-hidden="true" { (letters.to_uppercase()) } }
}

/// `1 tool`, `2 tools`.
pub(in crate::pages) fn plural(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_has_the_first_letters_of_two_words_and_escapes_them() {
        for (name, letters) in
            [("Jira", "J"), ("sandbox notes", "SN"), ("<b> x", "BX"), ("élan vital", "ÉV"), ("", "")]
        {
            let tile = initials(name).into_string();
            assert!(tile.ends_with(&format!(">{letters}</span>")), "{name:?}: {tile}");
        }
    }
}
