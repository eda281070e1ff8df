//! Buttons, each a form of its own.

use maud::{Markup, html};

use crate::pages::visit::Visit;

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Kind {
    /// The one thing to do.
    Main,
    /// One of several.
    Plain,
    /// What takes something away.
    Danger,
}

impl Kind {
    const fn class(self) -> &'static str {
        match self {
            Self::Main => "button main",
            Self::Plain => "button",
            Self::Danger => "button danger",
        }
    }
}

/// A button within a form.
pub(in crate::pages) fn button(kind: Kind, label: &str) -> Markup {
    html! { button type="submit" class=(kind.class()) { (label) } }
}

/// A form with nothing but a button, sent to this path. Its id keeps the focus where it is when the page is fetched anew.
pub(in crate::pages) fn sends(visit: &Visit, path: &str, kind: Kind, label: &str) -> Markup {
    html! {
        form method="post" action=(path) {
            (visit.form_token())
            button type="submit" class=(kind.class()) id={ "do" (path.replace('/', "-")) } { (label) }
        }
    }
}
