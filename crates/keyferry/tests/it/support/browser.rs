//! A real Chromium, driven over the DevTools protocol as a person drives it: it clicks what can be seen and types into what has the focus.

mod tab;

use std::{fs, path::PathBuf, process::Command, time::Duration};

use chromiumoxide::{
    Browser, BrowserConfig,
    cdp::browser_protocol::browser::{PermissionDescriptor, PermissionSetting, SetPermissionParams},
};
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub(crate) use tab::Tab;
pub(super) use tab::pictures;

use super::World;

/// The viewport: a small laptop's, unless a test says otherwise.
pub(crate) const WIDE: u32 = 1280;
/// A phone's.
pub(crate) const NARROW: u32 = 390;

/// A browser with a profile of its own.
pub(crate) struct Chromium {
    browser: Browser,
    handler: JoinHandle<()>,
    profile: TempDir,
}

/// What keeps it from asking anybody but the pages: there is no network in a test.
const QUIET: [&str; 7] = [
    "disable-background-networking",
    "disable-component-update",
    "disable-quic",
    "disable-sync",
    "disable-gpu",
    "no-first-run",
    "disable-features=Translate,OptimizationHints,MediaRouter",
];

impl Chromium {
    /// Starts it. None where this machine has none, which is said; in CI that is a failure, for nobody reads what is said there.
    pub(crate) async fn start() -> Option<Self> {
        let Some(program) = program() else {
            println!("not run: there is no Chromium; see `cargo xtask setup`");
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: there is no Chromium");
            return None;
        };
        let profile = tempfile::Builder::new().prefix("kf-web-").tempdir_in("/tmp").unwrap();
        let config = BrowserConfig::builder()
            .chrome_executable(program)
            .user_data_dir(profile.path())
            // Its own sandbox wants rights that a container's root does not have; the pages are ours.
            .no_sandbox()
            .new_headless_mode()
            .window_size(WIDE, 860)
            .viewport(None)
            .launch_timeout(Duration::from_secs(60))
            .disable_https_first()
            .args(QUIET)
            .build()
            .unwrap();
        let (browser, mut handler) = Browser::launch(config).await.unwrap();
        let handler = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Some(Self { browser, handler, profile })
    }

    /// An empty tab.
    pub(crate) async fn tab(&self) -> Tab {
        Tab::of(self.browser.new_page("about:blank").await.unwrap()).await
    }

    /// A tab with the app's pages, let in by a link of `keyferry open`.
    pub(crate) async fn opened(&self, world: &World) -> Tab {
        let tab = self.tab().await;
        tab.go(&link(world)).await;
        tab.until("document.querySelector('nav[aria-label=Main]')").await;
        tab
    }

    /// Lets the pages of this origin notify the person, as if that had been allowed when they asked.
    pub(crate) async fn lets_notify(&self, origin: &str) {
        let permission = PermissionDescriptor::new("notifications");
        let mut set = SetPermissionParams::new(permission, PermissionSetting::Granted);
        set.origin = Some(origin.to_owned());
        self.browser.execute(set).await.unwrap();
    }

    /// The tab that a page has opened at an address with this in it.
    pub(crate) async fn opened_at(&self, part: &str) -> Tab {
        for _ in 0..600 {
            for page in self.browser.pages().await.unwrap() {
                if page.url().await.ok().flatten().is_some_and(|url| url.contains(part)) {
                    return Tab::of(page).await;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no tab was opened at {part}");
    }

    /// Ends it.
    pub(crate) async fn end(mut self) {
        self.browser.close().await.unwrap();
        self.browser.wait().await.unwrap();
        self.handler.abort();
        // Its helpers may still write while they end.
        for _ in 0..100 {
            if fs::remove_dir_all(self.profile.path()).is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// A link that opens the pages once.
pub(crate) fn link(world: &World) -> String {
    world.json(&["open", "--print"])["url"].as_str().unwrap().to_owned()
}

/// The machine's Chromium.
pub(crate) fn program() -> Option<PathBuf> {
    let works = |program: &str| {
        let told = Command::new(program).arg("--version").output();
        told.is_ok_and(|told| told.status.success())
    };
    let known =
        ["chromium", "chromium-browser", "google-chrome"].into_iter().find(|program| works(program))?;
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(known)).find(|file| file.is_file())
}
