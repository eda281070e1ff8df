//! Calls to a browser and their answers. What comes unasked goes to the watch.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chromiumoxide_cdp::cdp::js_protocol::runtime::RunIfWaitingForDebuggerParams;
use chromiumoxide_types::Command;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    pipe::{self, Messages},
    watch::{Event, Watch},
};
use crate::browser::session::BrowserError;

/// How long one answer may take. A page that is busy answers late.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Messages that wait to be written.
const MOST_UNWRITTEN: usize = 256;

/// The two ends of the browser's pipes.
pub(super) struct Ends {
    pub(super) to: Box<dyn AsyncWrite + Send + Unpin>,
    pub(super) from: Box<dyn AsyncRead + Send + Unpin>,
}

/// The way to a browser. Dropped, the pipes are closed, and with them the browser.
#[derive(Debug)]
pub(super) struct Wire {
    shared: Arc<Shared>,
    orders: mpsc::Sender<String>,
    tasks: [JoinHandle<()>; 2],
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    gone: bool,
    waiting: HashMap<u64, oneshot::Sender<Answer>>,
}

/// What came back: a result, or that it was refused.
type Answer = Result<Value, ()>;

/// The session of one page.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PageSession(pub(super) String);

#[derive(Serialize)]
struct Call<'c, P> {
    id: u64,
    method: &'c str,
    params: &'c P,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'c str>,
}

#[derive(Deserialize)]
struct Incoming {
    id: Option<u64>,
    result: Option<Value>,
    #[serde(default)]
    method: String,
    #[serde(default)]
    params: Value,
}

impl Wire {
    pub(super) fn new(ends: Ends, watch: Arc<Watch>) -> Self {
        let shared = Arc::new(Shared::default());
        let (orders, taken) = mpsc::channel(MOST_UNWRITTEN);
        let reading = tokio::spawn(read(ends.from, Arc::clone(&shared), watch, orders.clone()));
        let writing = tokio::spawn(write(ends.to, taken));
        Self { shared, orders, tasks: [reading, writing] }
    }

    /// Calls, and waits for the result.
    pub(super) async fn call(
        &self,
        session: Option<&PageSession>,
        command: &(impl Command + Sync),
    ) -> Result<Value, BrowserError> {
        let answer = self.begin(session, command).await?;
        match tokio::time::timeout(ANSWER_LIMIT, answer).await {
            Ok(Ok(answer)) => answer.map_err(|()| BrowserError::Disobeyed("it refused")),
            Ok(Err(_)) => Err(BrowserError::Gone),
            Err(_) => Err(BrowserError::Disobeyed("it did not answer in time")),
        }
    }

    /// Calls, and reads of the result what is needed. A browser that is newer than this program may tell more.
    pub(super) async fn ask<T: DeserializeOwned>(
        &self,
        session: &PageSession,
        command: &(impl Command + Sync),
    ) -> Result<T, BrowserError> {
        let result = self.call(Some(session), command).await?;
        serde_json::from_value(result).map_err(|_| BrowserError::Disobeyed("it answered something else"))
    }

    /// Calls, and waits for nothing.
    pub(super) async fn order(
        &self,
        session: Option<&PageSession>,
        command: &(impl Command + Sync),
    ) -> Result<(), BrowserError> {
        self.begin(session, command).await.map(drop)
    }

    async fn begin(
        &self,
        session: Option<&PageSession>,
        command: &(impl Command + Sync),
    ) -> Result<oneshot::Receiver<Answer>, BrowserError> {
        let (sender, receiver) = oneshot::channel();
        let id = {
            let mut state = self.shared.lock();
            if state.gone {
                return Err(BrowserError::Gone);
            }
            state.last += 1;
            let id = state.last;
            state.waiting.retain(|_, waiting| !waiting.is_closed());
            state.waiting.insert(id, sender);
            id
        };
        let text = message(id, session.map(|session| session.0.as_str()), command);
        self.orders.send(text).await.map_err(|_| BrowserError::Gone)?;
        Ok(receiver)
    }
}

fn message(id: u64, session: Option<&str>, command: &impl Command) -> String {
    let method = command.identifier();
    let call = Call { id, method: &method, params: command, session };
    // Commands are structs of texts and numbers.
    serde_json::to_string(&call).unwrap_or_default()
}

async fn write(mut to: Box<dyn AsyncWrite + Send + Unpin>, mut orders: mpsc::Receiver<String>) {
    while let Some(order) = orders.recv().await {
        if pipe::write(&mut to, &order).await.is_err() {
            return;
        }
    }
}

async fn read(
    from: Box<dyn AsyncRead + Send + Unpin>,
    shared: Arc<Shared>,
    watch: Arc<Watch>,
    orders: mpsc::Sender<String>,
) {
    let mut messages = Messages::new(from);
    while let Ok(Some(text)) = messages.next().await {
        let Ok(Incoming { id, result, method, params }) = serde_json::from_slice(&text) else { continue };
        if let Some(id) = id {
            let waiting = shared.lock().waiting.remove(&id);
            if let Some(waiting) = waiting {
                _ = waiting.send(result.ok_or(()));
            }
        } else if let Some(verdict) = Event::read(&method, params).and_then(|event| watch.heard(event)) {
            let id = shared.next();
            if orders.send(verdict.message(id)).await.is_err() {
                break;
            }
        }
    }
    let mut state = shared.lock();
    state.gone = true;
    state.waiting.clear();
}

impl Shared {
    fn next(&self) -> u64 {
        let mut state = self.lock();
        state.last += 1;
        state.last
    }

    /// Each change is one operation, so that a panic leaves the state whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// What is answered to a request that is held, or to a page that is new.
pub(super) enum Verdict {
    /// Let it go.
    Go(chromiumoxide_cdp::cdp::browser_protocol::fetch::ContinueRequestParams),
    /// Have it fail.
    Stay(chromiumoxide_cdp::cdp::browser_protocol::fetch::FailRequestParams),
    /// Let a new page begin. A window that a page opens waits for whoever looks at it, and its first request with it.
    Begin(PageSession),
}

impl Verdict {
    fn message(&self, id: u64) -> String {
        match self {
            Self::Go(command) => message(id, None, command),
            Self::Stay(command) => message(id, None, command),
            Self::Begin(PageSession(session)) => {
                message(id, Some(session), &RunIfWaitingForDebuggerParams {})
            }
        }
    }
}
