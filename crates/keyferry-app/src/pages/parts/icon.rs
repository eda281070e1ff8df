//! Line drawings. They say nothing that the word beside them does not.

use maud::{Markup, PreEscaped, html};

/// A drawing of 24 by 24.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pages) enum Icon {
    Brand,
    Catalog,
    Servers,
    Accounts,
    Clients,
    Providers,
    Settings,
}

impl Icon {
    const fn paths(self) -> &'static str {
        match self {
            Self::Brand => {
                r#"<path d="M3 15h18l-2.4 4.2a2 2 0 0 1-1.7 1H7.1a2 2 0 0 1-1.7-1z"/><path d="M12 15V4"/><circle cx="12" cy="6.5" r="2.5"/><path d="M12 12h3"/>"#
            }
            Self::Catalog => {
                r#"<rect x="4" y="4" width="7" height="7" rx="1.6"/><rect x="13" y="4" width="7" height="7" rx="1.6"/><rect x="4" y="13" width="7" height="7" rx="1.6"/><path d="M16.5 13.5v6M13.5 16.5h6"/>"#
            }
            Self::Servers => {
                r#"<rect x="4" y="5" width="16" height="6" rx="1.6"/><rect x="4" y="13" width="16" height="6" rx="1.6"/><path d="M7.5 8h.01M7.5 16h.01M12 8h4.5M12 16h4.5"/>"#
            }
            Self::Accounts => {
                r#"<circle cx="8" cy="14.5" r="3.8"/><path d="M10.8 11.8 19 3.6M15.4 7.2l3 3"/>"#
            }
            Self::Clients => r#"<path d="M9 3.5V8M15 3.5V8M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v3.5"/>"#,
            Self::Providers => {
                r#"<path d="M12 3.5 19 6v5.5c0 4.3-2.8 7.2-7 9-4.2-1.8-7-4.7-7-9V6z"/><path d="m9.2 11.8 2 2 3.6-3.8"/>"#
            }
            Self::Settings => {
                r#"<path d="M4 7.5h9M17.5 7.5H20M4 16.5h2.5M11 16.5h9"/><circle cx="15.2" cy="7.5" r="2.2"/><circle cx="8.8" cy="16.5" r="2.2"/>"#
            }
        }
    }

    /// The drawing, hidden from who can't see it.
    pub(in crate::pages) fn svg(self) -> Markup {
        html! {
            svg.icon viewBox="0 0 24 24" aria-hidden="true" { (PreEscaped(self.paths())) }
        }
    }
}
