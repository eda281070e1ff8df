//! A browser of Chromium's family, driven over the DevTools protocol.
//!
//! The protocol goes over two pipes that the browser inherits, so that nobody else on the machine can connect. The rules stand at the
//! browser itself, not at a page: whatever page, popup or frame asks for a document, its request is held until it was judged, and there
//! is no moment at which a new window is without them.
//!
//! - `preferences`: what the profile says before the browser reads it
//! - `start`: the command line and the process
//! - `pipe`: messages, framed and bounded
//! - `wire`: calls and their answers; everything else goes to `watch`
//! - `watch`: the rules, the pages there are, and what happened
//! - `look`: reading values from a page

mod look;
mod pipe;
mod preferences;
mod start;
mod watch;
mod wire;

use std::{ffi::OsString, fmt, path::PathBuf, sync::Arc, time::Duration};

use chromiumoxide_cdp::cdp::browser_protocol::{
    browser::{CloseParams, SetDownloadBehaviorBehavior, SetDownloadBehaviorParams},
    fetch::{EnableParams, RequestPattern, RequestStage},
    network::ResourceType,
    page::NavigateParams,
    target::{CreateTargetParams, FilterEntry, SetAutoAttachParams, SetDiscoverTargetsParams, TargetFilter},
};
use serde_json::Value;

use super::{
    find,
    session::{BrowserError, BrowserSession, Browsers, News, Reading, Window, Work},
};
use crate::{
    places,
    runtime::{WatchdogCommand, process::watchdog::Watchdog},
};
use start::Process;
use watch::Watch;
use wire::Wire;

/// How long a browser may take until it obeys. A first start makes a whole profile, on a slow disk.
const START_LIMIT: Duration = Duration::from_secs(60);

/// How long it may take to end when it is asked.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

/// Opens windows of the person's own browser.
pub struct Chromium {
    config: ChromiumConfig,
    /// Started with the first window.
    watchdog: Watchdog,
}

/// What is needed for it.
#[derive(Debug, Clone)]
pub struct ChromiumConfig {
    /// The browser of the settings; without one, the first that is found.
    pub command: Option<PathBuf>,
    /// The environment of the app. The browser gets it but for the app's own settings.
    pub environment: Vec<(OsString, OsString)>,
    /// What ends the browser of an app that was killed.
    pub watchdog: Option<WatchdogCommand>,
}

impl Chromium {
    /// Nothing is looked for or started yet.
    #[must_use]
    pub fn new(config: ChromiumConfig) -> Self {
        let watchdog = Watchdog::new(config.watchdog.clone());
        Self { config, watchdog }
    }

    async fn open_now(&self, window: Window) -> Result<Box<dyn BrowserSession>, BrowserError> {
        let environment = &self.config.environment;
        let program =
            find::browser(self.config.command.as_deref(), places::platform(), environment, find::runs)?;
        preferences::write(&window.profile).map_err(BrowserError::Profile)?;
        let (process, ends) = Process::start(&program, &window, environment, &self.watchdog).await?;
        let not_started =
            |reason: &str| BrowserError::NotStarted { program: program.clone(), reason: reason.to_owned() };
        let watch = Arc::new(Watch::new(Arc::clone(&window.rules)));
        let mut session = Session { wire: Wire::new(ends, Arc::clone(&watch)), watch, process, window };
        let begun = tokio::select! {
            begun = begin(&session.wire, &session.watch, &session.window) => begun,
            status = session.process.ended() => Err(not_started(&format!("it ended at once ({status})"))),
            () = tokio::time::sleep(START_LIMIT) => Err(not_started("it did not answer in time")),
        };
        match begun {
            Ok(()) => Ok(Box::new(session)),
            // That it is gone is said by its end, which comes a moment later.
            Err(error) => {
                let status = session.stop().await;
                Err(match error {
                    BrowserError::Gone => not_started(&format!("it ended at once ({status})")),
                    error => error,
                })
            }
        }
    }
}

impl Browsers for Chromium {
    fn open(&self, window: Window) -> Work<'_, Result<Box<dyn BrowserSession>, BrowserError>> {
        Box::pin(self.open_now(window))
    }
}

/// An open window.
struct Session {
    wire: Wire,
    watch: Arc<Watch>,
    process: Process,
    window: Window,
}

impl Session {
    /// Ends the browser: asks, then makes it. Says how it ended.
    async fn stop(mut self) -> String {
        let close = CloseParams {};
        let asked = async {
            self.wire.order(None, &close).await.ok();
            self.process.ended().await
        };
        if tokio::time::timeout(CLOSE_LIMIT, asked).await.is_err() {
            tracing::debug!("the browser does not close by itself");
        }
        self.process.stop().await
    }
}

/// Lays down the rules, and only then opens a window and goes to the login page.
async fn begin(wire: &Wire, watch: &Watch, window: &Window) -> Result<(), BrowserError> {
    let documents = RequestPattern {
        url_pattern: Some("*".to_owned()),
        resource_type: Some(ResourceType::Document),
        request_stage: Some(RequestStage::Request),
    };
    let rules = EnableParams { patterns: Some(vec![documents]), handle_auth_requests: None };
    wire.call(None, &rules).await.map_err(|error| disobeyed(error, "it took no rules"))?;
    let downloads = SetDownloadBehaviorParams {
        behavior: SetDownloadBehaviorBehavior::Deny,
        browser_context_id: None,
        download_path: None,
        events_enabled: None,
    };
    wire.call(None, &downloads).await.map_err(|error| disobeyed(error, "it would download"))?;
    let pages = || TargetFilter::new(vec![FilterEntry { exclude: None, r#type: Some("page".to_owned()) }]);
    let attach = SetAutoAttachParams {
        auto_attach: true,
        wait_for_debugger_on_start: false,
        flatten: Some(true),
        filter: Some(pages()),
    };
    wire.call(None, &attach).await.map_err(|error| disobeyed(error, "it shows no pages"))?;
    let discover = SetDiscoverTargetsParams { discover: true, filter: Some(pages()) };
    wire.call(None, &discover).await.map_err(|error| disobeyed(error, "it tells of no pages"))?;
    let empty = CreateTargetParams { new_window: Some(true), ..CreateTargetParams::new("about:blank") };
    let opened = wire.call(None, &empty).await.map_err(|error| disobeyed(error, "it opens no window"))?;
    let page = watch.page_of(opened.get("targetId").and_then(Value::as_str).unwrap_or_default()).await;
    let login = NavigateParams::new(window.rules.login_url.as_str());
    // The answer comes with the page, which may take its time: a look at the window says the same.
    wire.order(Some(&page), &login).await
}

fn disobeyed(error: BrowserError, what: &'static str) -> BrowserError {
    match error {
        BrowserError::Disobeyed(_) => BrowserError::Disobeyed(what),
        error => error,
    }
}

impl BrowserSession for Session {
    fn next(&mut self) -> Work<'_, News> {
        Box::pin(async move {
            tokio::select! {
                news = self.watch.news() => news,
                _ = self.process.ended() => News::Ended(self.process.end()),
            }
        })
    }

    fn read(&mut self) -> Work<'_, Result<Vec<Reading>, BrowserError>> {
        Box::pin(async move {
            let mut readings = Vec::new();
            for page in self.watch.pages() {
                let look = look::Look { wire: &self.wire, page: &page, rules: &self.window.rules };
                match look.at().await? {
                    look::Seen::Nothing => {}
                    look::Seen::Forbidden => self.watch.broke_rules(),
                    look::Seen::Values(reading) => readings.push(reading),
                }
            }
            Ok(readings)
        })
    }

    fn close(self: Box<Self>) -> Work<'static, ()> {
        Box::pin(async move {
            (*self).stop().await;
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Session")
    }
}

impl fmt::Debug for Chromium {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Chromium").field(&self.config.command).finish()
    }
}
