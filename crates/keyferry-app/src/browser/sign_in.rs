//! From an open window to a token set: it ends with all that is required, the person's closing of it, ten minutes, or a cancellation.

use std::{path::Path, sync::Arc, time::Duration};

use keyferry_core::{
    flow::{Tokens, callback::SIGN_IN_LIFE},
    id::FactName,
    provider::{Browser, Collected},
};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::{BrowserError, BrowserSession, Browsers, End, News, Refused, Window};

/// How often the page is looked at. A value may be written to its storage long after it was loaded, and nothing tells of it.
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Whoever hears how a sign-in goes.
pub trait Progress: Send + Sync {
    /// The window was kept from going somewhere.
    fn refused(&self, refused: &Refused);

    /// The page is reached, and these are still missing or not of their form.
    fn missing(&self, missing: &[FactName]);
}

/// How a sign-in in a window ended without a token set.
#[derive(Debug, thiserror::Error)]
pub enum Attempt {
    /// The person closed the window.
    #[error("the window was closed before the sign-in was done")]
    Closed,
    /// The browser crashed.
    #[error("the browser crashed or was killed")]
    Crashed,
    /// The browser went around its rules.
    #[error("the browser showed a page that it was forbidden, and was ended; nothing was read")]
    BrokeRules,
    /// Ten minutes have passed.
    #[error("nobody signed in within 10 minutes")]
    TimedOut,
    /// Whoever wanted it wants it no more.
    #[error("the sign-in was cancelled")]
    Cancelled,
    /// The window can't be had, or no longer.
    #[error(transparent)]
    Browser(#[from] BrowserError),
}

impl Attempt {
    /// A stable word for programs.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Closed => "window_closed",
            Self::Crashed => "browser_crashed",
            Self::BrokeRules => "browser_broke_rules",
            Self::TimedOut => "sign_in_timed_out",
            Self::Cancelled => "cancelled",
            Self::Browser(error) => error.code(),
        }
    }

    /// What the person can do next.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Closed => {
                "try again, and leave the window open: it closes by itself once you are signed in"
            }
            Self::Crashed | Self::TimedOut | Self::Cancelled => "try again",
            Self::BrokeRules => {
                "report it with the browser's version, and name another one: browser.command in keyferry.toml"
            }
            Self::Browser(error) => error.hint(),
        }
    }
}

/// Opens a window in a profile and waits for its token set. The window is closed and its browser has ended when this returns; dropped, it
/// is ended too.
///
/// # Errors
/// [`Attempt`] with how it ended instead.
pub async fn attempt(
    browsers: &dyn Browsers,
    rules: &Arc<Browser>,
    (profile, passing): (&Path, bool),
    progress: &dyn Progress,
    cancelled: &CancellationToken,
) -> Result<Tokens, Attempt> {
    let until = Instant::now() + SIGN_IN_LIFE.unsigned_abs();
    let window = Window { rules: Arc::clone(rules), profile: profile.to_owned(), passing };
    let mut session = tokio::select! {
        session = browsers.open(window) => session?,
        () = cancelled.cancelled() => return Err(Attempt::Cancelled),
    };
    let outcome = tokio::select! {
        outcome = timeout_at(until, wait(&mut *session, rules, progress)) => outcome,
        () = cancelled.cancelled() => Ok(Err(Attempt::Cancelled)),
    };
    session.close().await;
    outcome.unwrap_or(Err(Attempt::TimedOut))
}

async fn wait(
    session: &mut dyn BrowserSession,
    rules: &Browser,
    progress: &dyn Progress,
) -> Result<Tokens, Attempt> {
    let mut told = Vec::new();
    loop {
        tokio::select! {
            biased;
            news = session.next() => match news {
                News::Refused(refused) => progress.refused(&refused),
                News::Ended(End::Closed) => return Err(Attempt::Closed),
                News::Ended(End::Crashed) => return Err(Attempt::Crashed),
                News::Ended(End::BrokeRules) => return Err(Attempt::BrokeRules),
            },
            () = sleep(LOOK_EVERY) => match session.read().await {
                Ok(readings) => {
                    for reading in readings {
                        match rules.collect(reading.values, reading.expires_at) {
                            Collected::Whole(tokens) => return Ok(*tokens),
                            Collected::Missing(missing) if missing != told => {
                                progress.missing(&missing);
                                told = missing;
                            }
                            Collected::Missing(_) => {}
                        }
                    }
                }
                // Its end is told next.
                Err(BrowserError::Gone) => {}
                Err(error) => return Err(error.into()),
            },
        }
    }
}
