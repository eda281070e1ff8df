//! What went well, and what did not.

use maud::{Markup, html};

use super::prose;
use crate::{
    api::dto::Problem,
    sessions::{Notice, Tone},
};

/// A word that was left for this page.
pub(in crate::pages) fn notice(notice: &Notice) -> Markup {
    let class = match notice.tone {
        Tone::Good => "notice good",
        Tone::Bad => "notice bad",
    };
    html! {
        p class=(class) {
            span {
                (prose(&sentence(&notice.text)))
                @if let Some(hint) = &notice.hint { " " span.hint { (prose(&sentence(hint))) } }
            }
        }
    }
}

/// What is wrong, and what to do.
pub(in crate::pages) fn problem(problem: &Problem) -> Markup {
    html! {
        p.notice.bad {
            span {
                (prose(&sentence(&problem.message)))
                @if let Some(hint) = &problem.hint { " " span.hint { (prose(&sentence(hint))) } }
            }
        }
    }
}

/// Several of them.
pub(in crate::pages) fn problems(all: &[Problem]) -> Markup {
    html! { @for one in all { (problem(one)) } }
}

/// A message of the engine's as a sentence of a page: a capital at its beginning and a stop at its end.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return String::new() };
    let rest = letters.as_str();
    // A name stays as it is: what is in code, and what no word of a language looks like.
    let word = text.split(' ').next().unwrap_or_default();
    let named =
        word.chars().any(|letter| !letter.is_alphabetic() && !['\'', ',', ';', ':'].contains(&letter));
    let first = if named { first.to_string() } else { first.to_uppercase().to_string() };
    let stop = if text.ends_with(['.', '!', '?', ':']) { "" } else { "." };
    format!("{first}{rest}{stop}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_shown_as_a_sentence() {
        for (message, shown) in [
            ("the connection is gone", "The connection is gone."),
            ("did you mean `jira`?", "Did you mean `jira`?"),
            ("`keyferry list` shows it", "`keyferry list` shows it."),
            ("a value is wrong", "A value is wrong."),
            ("sandbox-notes is gone", "sandbox-notes is gone."),
            ("it's gone!", "It's gone!"),
            ("", ""),
        ] {
            assert_eq!(sentence(message), shown);
        }
    }
}
