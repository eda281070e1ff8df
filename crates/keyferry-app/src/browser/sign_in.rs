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
    let window = Window { rules: Arc::clone(rules), profile: profile.to_owned(), passing };
    within(SIGN_IN_LIFE.unsigned_abs(), browsers, window, progress, cancelled).await
}

async fn within(
    limit: Duration,
    browsers: &dyn Browsers,
    window: Window,
    progress: &dyn Progress,
    cancelled: &CancellationToken,
) -> Result<Tokens, Attempt> {
    let (until, rules) = (Instant::now() + limit, Arc::clone(&window.rules));
    let mut session = tokio::select! {
        session = browsers.open(window) => session?,
        () = cancelled.cancelled() => return Err(Attempt::Cancelled),
    };
    let outcome = tokio::select! {
        outcome = timeout_at(until, wait(&mut *session, &rules, progress)) => outcome,
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use keyferry_core::provider::ProviderSet;

    use super::*;
    use crate::browser::{Reading, Work};

    /// A window in which nobody does anything, and that counts how often it was closed.
    #[derive(Debug, Clone, Default)]
    struct Idle(Arc<AtomicUsize>);

    impl Browsers for Idle {
        fn open(&self, _window: Window) -> Work<'_, Result<Box<dyn BrowserSession>, BrowserError>> {
            let session: Box<dyn BrowserSession> = Box::new(self.clone());
            Box::pin(async move { Ok(session) })
        }
    }

    impl BrowserSession for Idle {
        fn next(&mut self) -> Work<'_, News> {
            Box::pin(std::future::pending())
        }

        fn read(&mut self) -> Work<'_, Result<Vec<Reading>, BrowserError>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn close(self: Box<Self>) -> Work<'static, ()> {
            Box::pin(async move { _ = self.0.fetch_add(1, Ordering::SeqCst) })
        }
    }

    struct Nobody;

    impl Progress for Nobody {
        fn refused(&self, _refused: &Refused) {}
        fn missing(&self, _missing: &[FactName]) {}
    }

    fn window() -> Window {
        let files = ProviderSet::builtin().unwrap();
        let file = files.get(&"slack-browser".parse().unwrap()).unwrap();
        Window {
            rules: Arc::new(file.browser().unwrap().clone()),
            profile: "/nonexistent".into(),
            passing: true,
        }
    }

    #[tokio::test]
    async fn a_window_in_which_nobody_signs_in_is_closed_after_its_time() {
        assert_eq!(SIGN_IN_LIFE.as_secs(), 600);
        let idle = Idle::default();
        let limit = Duration::from_millis(700);
        let outcome = within(limit, &idle, window(), &Nobody, &CancellationToken::new()).await;
        assert!(matches!(outcome, Err(Attempt::TimedOut)), "{outcome:?}");
        assert_eq!(idle.0.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_window_that_nobody_wants_any_more_is_closed_at_once() {
        let (idle, cancelled) = (Idle::default(), CancellationToken::new());
        let limit = Duration::from_secs(600);
        let (nobody, window) = (Nobody, window());
        let (outcome, ()) = tokio::join!(within(limit, &idle, window, &nobody, &cancelled), async {
            tokio::task::yield_now().await;
            cancelled.cancel();
        });
        assert!(matches!(outcome, Err(Attempt::Cancelled)), "{outcome:?}");
        assert_eq!(idle.0.load(Ordering::SeqCst), 1);
    }
}
