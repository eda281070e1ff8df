//! One tab, and what it complained about.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chromiumoxide::{
    Page,
    cdp::{
        browser_protocol::{
            emulation::{MediaFeature, SetDeviceMetricsOverrideParams, SetScriptExecutionDisabledParams},
            log::{EventEntryAdded, LogEntryLevel},
        },
        js_protocol::runtime::{ConsoleApiCalledType, EventConsoleApiCalled, EventExceptionThrown},
    },
    page::ScreenshotParams,
};
use futures_util::StreamExt as _;
use serde_json::Value;

/// How long anything may take that only has to be waited for.
const LIMIT: Duration = Duration::from_secs(40);

/// A tab.
pub(crate) struct Tab {
    page: Page,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Tab {
    pub(super) async fn of(page: Page) -> Self {
        let complaints = Arc::<Mutex<Vec<String>>>::default();
        let tab = Self { page, complaints: Arc::clone(&complaints) };
        let mut log = tab.page.event_listener::<EventEntryAdded>().await.unwrap();
        let mut console = tab.page.event_listener::<EventConsoleApiCalled>().await.unwrap();
        let mut thrown = tab.page.event_listener::<EventExceptionThrown>().await.unwrap();
        tab.page.enable_log().await.unwrap();
        tab.page.enable_runtime().await.unwrap();
        tokio::spawn(async move {
            loop {
                let complaint = tokio::select! {
                    Some(entry) = log.next() => (entry.entry.level == LogEntryLevel::Error)
                        .then(|| format!("{} {:?}", entry.entry.text, entry.entry.url)),
                    Some(call) = console.next() => (call.r#type == ConsoleApiCalledType::Error)
                        .then(|| format!("{:?}", call.args)),
                    Some(thrown) = thrown.next() => Some(format!("{:?}", thrown.exception_details)),
                    else => return,
                };
                complaints.lock().unwrap().extend(complaint);
            }
        });
        tab
    }

    /// Goes to an address, and waits until it is loaded.
    pub(crate) async fn go(&self, url: &str) {
        self.page.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// The address.
    pub(crate) async fn url(&self) -> String {
        self.page.url().await.unwrap().unwrap_or_default()
    }

    /// What a script comes to. Nothing while the page is being replaced.
    pub(crate) async fn value(&self, script: &str) -> Option<Value> {
        self.page.evaluate_expression(script.to_owned()).await.ok()?.value().cloned()
    }

    /// Waits until a script comes to something.
    pub(crate) async fn until(&self, script: &str) {
        let (begun, script) = (Instant::now(), format!("!!({script})"));
        while self.value(&script).await != Some(Value::Bool(true)) {
            if begun.elapsed() > LIMIT {
                let text = self.value("document.body.innerText").await;
                panic!("waited in vain at {} until {script}: {text:?}", self.url().await);
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    }

    /// Waits until the page says this.
    pub(crate) async fn says(&self, text: &str) {
        let text = Value::from(text);
        self.until(&format!("document.body?.innerText.includes({text})")).await;
    }

    /// Waits for a button or link of this name, and clicks it.
    pub(crate) async fn press(&self, name: &str) {
        let name = Value::from(name);
        // What is hidden, such as what stands in a closed part, is nothing that one could click.
        let mark = format!(
            "(() => {{ document.querySelector('[data-pressed]')?.removeAttribute('data-pressed'); \
             const all = [...document.querySelectorAll('button, a, summary')]; \
             const found = all.find(one => one.checkVisibility() && one.innerText.trim().split('\\n')[0].trim() === {name}); \
             found?.setAttribute('data-pressed', ''); return !!found; }})()"
        );
        // A page that is fetched anew between the look and the click has no mark any more.
        loop {
            self.until(&mark).await;
            let Ok(element) = self.page.find_element("[data-pressed]").await else { continue };
            if element.click().await.is_ok() {
                return;
            }
        }
    }

    /// Clicks what a selector finds.
    pub(crate) async fn click(&self, selector: &str) {
        loop {
            self.until(&format!("document.querySelector({})", Value::from(selector))).await;
            let Ok(element) = self.page.find_element(selector).await else { continue };
            if element.click().await.is_ok() {
                return;
            }
        }
    }

    /// Types into a field in place of what stands there.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let value = format!("document.querySelector({})?.value", Value::from(selector));
        loop {
            self.click(selector).await;
            self.value("document.activeElement.select?.()").await;
            let Ok(field) = self.page.find_element(selector).await else { continue };
            if field.type_str(text).await.is_ok() && self.value(&value).await == Some(Value::from(text)) {
                return;
            }
        }
    }

    /// Presses a key where the focus is.
    pub(crate) async fn key(&self, key: &str) {
        self.page.find_element("body").await.unwrap().press_key(key).await.unwrap();
    }

    /// Makes the window this wide.
    pub(crate) async fn wide(&self, width: u32) {
        let height = if width < 600 { 844 } else { 860 };
        let size = SetDeviceMetricsOverrideParams::new(i64::from(width), height, 1.0, width < 600);
        self.page.execute(size).await.unwrap();
    }

    /// Asks for dark or light pages.
    pub(crate) async fn dark(&self, dark: bool) {
        let scheme = if dark { "dark" } else { "light" };
        self.page
            .emulate_media_features(vec![MediaFeature::new("prefers-color-scheme", scheme)])
            .await
            .unwrap();
    }

    /// Keeps a picture of what is seen.
    pub(crate) async fn picture(&self, name: &str) {
        let path = pictures().join(format!("{name}.png"));
        self.page.save_screenshot(ScreenshotParams::builder().build(), path).await.unwrap();
    }

    /// Keeps a picture of the whole page.
    pub(crate) async fn whole_picture(&self, name: &str) {
        let path = pictures().join(format!("{name}.png"));
        self.page.save_screenshot(ScreenshotParams::builder().full_page(true).build(), path).await.unwrap();
    }

    /// What the console said of errors since the last time.
    pub(crate) fn complaints(&self) -> Vec<String> {
        std::mem::take(&mut *self.complaints.lock().unwrap())
    }

    /// Runs a script of a file in the page.
    pub(crate) async fn run(&self, file: &Path) {
        let text = std::fs::read_to_string(file).unwrap();
        self.page.evaluate_expression(format!("{text}; true")).await.unwrap();
    }

    /// What a promise of a script comes to.
    pub(crate) async fn awaited(&self, script: &str) -> Value {
        let function = format!("async () => {{ {script} }}");
        let found =
            self.page.evaluate_function(function).await.unwrap_or_else(|error| panic!("{script}: {error}"));
        found.value().cloned().unwrap_or_default()
    }

    /// Runs no script of the pages that it goes to from now on.
    pub(crate) async fn without_scripts(&self) {
        self.page.execute(SetScriptExecutionDisabledParams::new(true)).await.unwrap();
    }

    /// Closes it.
    pub(crate) async fn close(self) {
        self.page.close().await.unwrap();
    }
}

/// Where pictures are kept.
pub(in crate::support) fn pictures() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let folder = tests.ancestors().nth(3).unwrap().join("pages");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
