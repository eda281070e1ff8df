//! Everything that is logged in a test's thread, at the most talkative level.
//!
//! There is one subscriber for all tests, which sorts by thread: subscribers that come and go while other threads log would
//! lose lines.

use std::{
    cell::RefCell,
    io::Write,
    sync::{Arc, Mutex, Once},
};

use tracing_subscriber::{
    Layer, Registry, filter::dynamic_filter_fn, fmt, layer::SubscriberExt, util::SubscriberInitExt,
};

static SUBSCRIBER: Once = Once::new();

thread_local! {
    static HERE: RefCell<Option<Captured>> = const { RefCell::new(None) };
}

/// The log so far.
#[derive(Clone, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

/// Ends the capture when it is dropped.
pub(crate) struct Capture;

impl Captured {
    /// Captures until the guard is dropped.
    pub(crate) fn start() -> (Self, Capture) {
        SUBSCRIBER.call_once(|| {
            let here = || HERE.with_borrow(|captured| captured.clone().unwrap_or_default());
            let filter = dynamic_filter_fn(|_, _| HERE.with_borrow(Option::is_some));
            Registry::default().with(fmt::layer().json().with_writer(here).with_filter(filter)).init();
        });
        let captured = Self::default();
        HERE.set(Some(captured.clone()));
        (captured, Capture)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The request lines, as JSON.
    pub(crate) fn requests(&self) -> Vec<serde_json::Value> {
        let lines = self.text();
        let parsed = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        parsed
            .filter(|line| line["fields"]["message"] == "request")
            .map(|line| line["fields"].clone())
            .collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        HERE.set(None);
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
