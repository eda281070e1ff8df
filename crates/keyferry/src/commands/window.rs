//! What commands say about a sign-in in a window, and what they ask before it.

use std::io::{self, IsTerminal as _};

use keyferry_app::api::dto::{SignInWindow, WindowChoice};

use crate::{error::CliError, output};

/// What the app answers where the person has not agreed to a window yet.
pub(crate) const NOT_AGREED: &str = "window_not_agreed";

/// How to sign in at a service without OAuth.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Window {
    /// Stay signed in in the window's profile on this machine, so that the next sign-in is a click
    #[arg(long)]
    keep_signed_in: bool,
    /// Throw away the window's profile, and what was kept of it before
    #[arg(long, conflicts_with = "keep_signed_in")]
    forget_sign_in: bool,
}

impl Window {
    /// What the person said, with or without their yes.
    pub(crate) fn choice(&self, agreed: bool) -> WindowChoice {
        let keep_signed_in = match (self.keep_signed_in, self.forget_sign_in) {
            (false, false) => None,
            (keep, _) => Some(keep),
        };
        WindowChoice { agreed, keep_signed_in }
    }
}

/// Tells what will be read and where it goes, and asks, where a person can answer.
pub(crate) fn agrees(told: &CliError) -> bool {
    if !io::stdin().is_terminal() || !output::watched() {
        return false;
    }
    output::note(&told.message());
    output::note("Open the window? [y/N]");
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && matches!(answer.trim(), "y" | "Y" | "yes")
}

/// Tells of a window, as it changes.
#[derive(Debug, Default)]
pub(crate) struct Told {
    opened: bool,
    refused: usize,
    missing: Vec<String>,
}

impl Told {
    /// What is new since the last time.
    pub(crate) fn news(&mut self, window: &SignInWindow) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.opened {
            self.opened = true;
            lines.push("sign in in the window; it closes by itself".to_owned());
        }
        for place in window.refused.iter().skip(self.refused) {
            let what = if place.part == "frame" { "a frame of the page" } else { "the window" };
            lines.push(format!("{what} may not go to {}: {}", place.host, place.text));
        }
        self.refused = window.refused.len();
        if self.missing != window.missing {
            self.missing.clone_from(&window.missing);
            if !window.missing.is_empty() {
                lines.push(format!(
                    "the page is reached, and does not hold yet: {}",
                    window.missing.join(", ")
                ));
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use keyferry_app::api::dto::RefusedPlace;

    use super::*;

    #[test]
    fn each_refused_host_is_told_once_and_by_name() {
        let place = |host: &str, part: &str| RefusedPlace {
            host: host.to_owned(),
            reason: "not_listed".to_owned(),
            text: "allow_hosts does not list it".to_owned(),
            part: part.to_owned(),
        };
        let mut told = Told::default();
        let mut window = SignInWindow::default();
        assert_eq!(told.news(&window).len(), 1);
        assert!(told.news(&window).is_empty());
        window.refused.push(place("idp.example", "page"));
        assert_eq!(
            told.news(&window),
            ["the window may not go to idp.example: allow_hosts does not list it"]
        );
        window.refused.push(place("ads.example", "frame"));
        window.missing.push("access_token".to_owned());
        let news = told.news(&window);
        assert!(
            news.len() == 2 && news[0].contains("a frame of the page may not go to ads.example"),
            "{news:?}"
        );
        assert!(news[1].contains("does not hold yet: access_token") && told.news(&window).is_empty());
    }
}
