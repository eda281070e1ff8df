//! The seam between a sign-in and the window that it happens in. It knows pages, places and values; how a window is driven, only its
//! implementation does.

use std::{collections::BTreeMap, fmt, path::PathBuf, pin::Pin, sync::Arc};

use jiff::Timestamp;
use keyferry_core::{
    id::FactName,
    provider::{Browser, Refusal},
    secret::SecretText,
};

/// Work of a window that is waited for.
pub type Work<'w, T> = Pin<Box<dyn Future<Output = T> + Send + 'w>>;

/// What opens windows.
pub trait Browsers: Send + Sync + fmt::Debug {
    /// Opens a window at the login page, under its rules from its first request on.
    ///
    /// # Errors
    /// [`BrowserError`] when there is no browser, or it does not start or obey. Nothing of it runs any more then.
    fn open(&self, window: Window) -> Work<'_, Result<Box<dyn BrowserSession>, BrowserError>>;
}

/// An open window. Dropped, it is closed with everything it has started.
pub trait BrowserSession: Send + fmt::Debug {
    /// The next thing that happened. May be dropped and asked again; nothing is lost.
    fn next(&mut self) -> Work<'_, News>;

    /// Reads the values from each page that is one of `extract_on`, and from no other. None, while there is no such page.
    ///
    /// # Errors
    /// [`BrowserError`] when the browser no longer answers.
    fn read(&mut self) -> Work<'_, Result<Vec<Reading>, BrowserError>>;

    /// Closes the window. Nothing of it runs any more when this returns. Bounded.
    fn close(self: Box<Self>) -> Work<'static, ()>;
}

/// A window to be opened.
#[derive(Debug, Clone)]
pub struct Window {
    /// Where it begins, where it may go, and what is read where.
    pub rules: Arc<Browser>,
    /// The folder of its profile: it is there, and nobody else's.
    pub profile: PathBuf,
    /// Whether the profile is thrown away afterwards, so that nothing in it needs the system's keychain.
    pub passing: bool,
}

/// What happened in a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// It was kept from going somewhere.
    Refused(Refused),
    /// It is gone.
    Ended(End),
}

/// A place that the window was kept from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Where, and why.
    pub refusal: Refusal,
    /// What was to go there.
    pub part: RefusedPart,
}

/// What of a window was to go somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedPart {
    /// The page itself, or a new window.
    Page,
    /// A frame in a page.
    Frame,
}

/// How a window ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The person closed it.
    Closed,
    /// The browser crashed or was killed.
    Crashed,
    /// It showed a page that its rules do not allow, and was ended for it. It must not happen; should a browser come to go around its
    /// rules, nothing is read in it.
    BrokeRules,
}

/// What one look at a page read. Not every value needs to be there.
#[derive(Debug)]
pub struct Reading {
    /// The page's address at the moment of the look.
    pub url: String,
    /// What was found, by name.
    pub values: BTreeMap<FactName, SecretText>,
    /// When the cookie ends that the access token is in, where it is in one and the cookie says.
    pub expires_at: Option<Timestamp>,
}

/// Why a window can't be had, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// There is none.
    #[error("no browser was found that can be used for this sign-in")]
    NotFound,
    /// The one of the settings is not there.
    #[error("the browser of the settings, {}, is not there or can't be run", .0.display())]
    NotThere(PathBuf),
    /// This system's way is not written yet.
    #[error("this sign-in is not possible on this system yet")]
    Unsupported,
    /// It ended or stayed silent before it had a window.
    #[error("the browser {} did not start: {reason}", program.display())]
    NotStarted {
        /// The browser.
        program: PathBuf,
        /// What it did instead.
        reason: String,
    },
    /// It does not do what it is asked.
    #[error("the browser did not do what it was asked ({0})")]
    Disobeyed(&'static str),
    /// It is gone, or answers no more.
    #[error("the browser does not answer any more")]
    Gone,
    /// Its profile can't be made.
    #[error("the browser's profile can't be prepared: {0}")]
    Profile(std::io::Error),
    /// Another window works in the kept profile.
    #[error("a window for this account is open already")]
    InUse,
}

impl BrowserError {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "no_browser",
            Self::NotThere(_) => "browser_not_there",
            Self::Unsupported => "browser_unsupported",
            Self::NotStarted { .. } => "browser_not_started",
            Self::Disobeyed(_) => "browser_disobeyed",
            Self::Gone => "browser_gone",
            Self::Profile(_) => "browser_profile",
            Self::InUse => "browser_in_use",
        }
    }

    /// What the person can do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::NotFound => {
                "install Chrome, Edge, Brave or Chromium, or name one: browser.command in keyferry.toml, or KEYFERRY_BROWSER_COMMAND"
            }
            Self::NotThere(_) => "correct browser.command in keyferry.toml, or KEYFERRY_BROWSER_COMMAND",
            Self::Unsupported => "sign in with OAuth, or run the app on Linux or macOS",
            Self::NotStarted { .. } => {
                "the app needs a desktop to open a window on; start the browser by hand to see what it says"
            }
            Self::Disobeyed(_) => "update the browser, or name another one: browser.command in keyferry.toml",
            Self::Gone => "try again",
            Self::Profile(_) => "look at the data folder's permissions and its disk",
            Self::InUse => "finish there, or close it and try again",
        }
    }
}
