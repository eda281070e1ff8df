//! Callers that ask without a pause, each with a token of its own each time, and what came of each request.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Instant,
};

use serde_json::Value;
use tokio::task::JoinHandle;

use super::stage::{client, code, refresh};

/// A load that goes on until it is ended.
pub(super) struct Load {
    over: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    callers: Vec<JoinHandle<Vec<Asked>>>,
}

/// One request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) token: String,
    pub(super) begun: Instant,
    pub(super) outcome: Outcome,
}

/// What came of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An answer, whole.
    Answered(u16),
    /// Nobody takes connections.
    Refused,
    /// A connection, and no whole answer.
    Broken(String),
}

impl Load {
    /// So many callers at this URL. They keep their connections, or make one for each request. Who is refused asks no more, if told so.
    pub(super) fn start(url: &str, callers: usize, keep: bool, until_refused: bool) -> Self {
        Self::of(refresh, url, callers, keep, until_refused)
    }

    /// So many callers with codes, each with a connection for each.
    pub(super) fn of_codes(url: &str, callers: usize) -> Self {
        Self::of(code, url, callers, false, false)
    }

    fn of(grant: fn(&str) -> Value, url: &str, callers: usize, keep: bool, until_refused: bool) -> Self {
        let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let callers = (0..callers).map(|caller| {
            let (url, over, done) = (format!("{url}/oauth/token"), Arc::clone(&over), Arc::clone(&done));
            tokio::spawn(async move {
                let client = client().pool_max_idle_per_host(usize::from(keep)).build().unwrap();
                let mut all = Vec::new();
                for n in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let kind = if keep { "k" } else { "f" };
                    let token = format!("{kind}{caller}-{n}");
                    let (begun, outcome) = (Instant::now(), ask(&client, &url, &grant(&token)).await);
                    let ends = until_refused && outcome == Outcome::Refused;
                    done.fetch_add(1, Ordering::Relaxed);
                    all.push(Asked { token, begun, outcome });
                    if ends {
                        break;
                    }
                }
                all
            })
        });
        let callers = callers.collect();
        Self { over, done, callers }
    }

    /// How many requests have ended.
    pub(super) fn done(&self) -> usize {
        self.done.load(Ordering::Relaxed)
    }

    /// Ends it. Answers all that was asked.
    pub(super) async fn end(self) -> Vec<Asked> {
        self.over.store(true, Ordering::Relaxed);
        self.ended().await
    }

    /// Waits until all callers have been refused. Answers all that was asked.
    pub(super) async fn ended(self) -> Vec<Asked> {
        let mut all = Vec::new();
        for caller in self.callers {
            all.extend(caller.await.unwrap());
        }
        all
    }
}

async fn ask(client: &reqwest::Client, url: &str, grant: &Value) -> Outcome {
    let broken = |error: reqwest::Error| {
        if error.is_connect() { Outcome::Refused } else { Outcome::Broken(format!("{error:?}")) }
    };
    let reply = match client.post(url).json(grant).send().await {
        Ok(reply) => reply,
        Err(error) => return broken(error),
    };
    let status = reply.status().as_u16();
    match reply.text().await {
        Ok(text) if status != 200 || text.contains("\"access_token\":\"a\"") => Outcome::Answered(status),
        Ok(text) => Outcome::Broken(text),
        Err(error) => broken(error),
    }
}
