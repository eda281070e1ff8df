//! The beginning of a session, and its beginning anew with another app.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use keyferry_app::home::Running;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{Link, Target, is_lost};
use crate::{
    bridge::{Message, events::Events},
    error::CliResult,
};

/// How long an app that was there is waited for before one is booted here: it is probably being restarted.
const RESTART: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(100);
/// Between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(1);

impl Link {
    /// The gateway of an app, and the token that opens it.
    pub(super) fn target(&self, running: Running, number: usize) -> CliResult<Target> {
        let url = format!("http://{}{}", running.address, self.path);
        let token = match self.client {
            Some(client) => self.host.token_of(client)?,
            None => running.token,
        };
        Ok(Target { url, token, session: None, version: None, number })
    }

    pub(super) async fn current(&self) -> Result<Target, String> {
        self.app.lock().await.clone().ok_or_else(|| "there is no app".to_owned())
    }

    /// Takes the answer to `initialize`, and the session that it opens.
    pub(super) async fn begin(&self, response: Response, id: &Value) {
        let session = session(&response);
        if let Some(target) = self.app.lock().await.as_mut() {
            target.session = session;
            target.version = None;
        }
        let mut events = Events::new(response);
        while let Ok(raw) = events.next().await {
            let message = Message::read(&raw).filter(|message| message.answers(id));
            if let (Some(message), Some(target)) = (&message, self.app.lock().await.as_mut()) {
                target.version = message.settled_version().map(str::to_owned);
            }
            self.say(&raw).await;
            if message.is_some() {
                return;
            }
        }
        self.fail(Some(id), "the app went away while it was asked; ask again").await;
    }

    /// Finds the next app, unless somebody has since. What had begun is begun again there, where `again` says so.
    pub(super) async fn renew(&self, lost: usize, again: bool) -> Result<(), String> {
        let mut app = self.app.lock().await;
        if app.as_ref().is_some_and(|target| target.number != lost) {
            return Ok(());
        }
        let begun = tokio::time::Instant::now();
        let running = loop {
            match self.host.running().await {
                Some(running) => break running,
                None if begun.elapsed() < RESTART => tokio::time::sleep(BETWEEN).await,
                None => break self.host.find().await.map_err(|error| error.told())?,
            }
        };
        let mut target = self.target(running, lost + 1).map_err(|error| error.told())?;
        let (beginning, rest) = {
            let memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
            (memory.beginning().filter(|_| again), memory.rest())
        };
        if let Some(initialize) = beginning {
            self.begin_again(&mut target, initialize, rest).await?;
            *app = Some(target);
            drop(app);
            self.begun.notify_one();
            for list in ["tools", "prompts", "resources"] {
                let changed =
                    json!({ "jsonrpc": "2.0", "method": format!("notifications/{list}/list_changed") });
                self.say(changed.to_string().as_bytes()).await;
            }
        } else {
            *app = Some(target);
        }
        Ok(())
    }

    async fn begin_again(
        &self,
        target: &mut Target,
        initialize: Vec<u8>,
        rest: Vec<Vec<u8>>,
    ) -> Result<(), String> {
        let failed = |error: reqwest::Error| format!("the app does not answer: {}", error.without_url());
        let response = self.post(target, Default::default(), initialize).await.map_err(failed)?;
        if !response.status().is_success() {
            return Err(format!("the app refuses the session: HTTP {}", response.status()));
        }
        target.session = session(&response);
        let mut events = Events::new(response);
        while let Ok(raw) = events.next().await {
            let Some(message) = Message::read(&raw).filter(|message| !message.is_request()) else { continue };
            target.version = message.settled_version().map(str::to_owned);
            break;
        }
        for raw in rest {
            let response = self.post(target, Default::default(), raw).await.map_err(failed)?;
            let mut events = Events::new(response);
            while events.next().await.is_ok() {}
        }
        Ok(())
    }

    /// Listens to what the app says on its own account, in whichever session there is, until the end.
    pub(in crate::bridge) async fn listen(&self) {
        loop {
            // A session that has begun meanwhile has left its word.
            self.begun.notified().await;
            while let Some(target) = self.current().await.ok().filter(|target| target.session.is_some()) {
                tokio::select! {
                    () = self.hear(&target) => {}
                    () = self.listening.cancelled() => return,
                }
            }
        }
    }

    /// Passes on what is said in this session, until it is over.
    async fn hear(&self, target: &Target) {
        let mut last_id = None;
        loop {
            let mut request = self.request(Method::GET, target);
            if let Some(id) = last_id.take() {
                request = request.header("last-event-id", id);
            }
            match request.send().await {
                Ok(response) if response.status().is_success() => {
                    let mut events = Events::new(response);
                    while let Ok(raw) = events.next().await {
                        self.say(&raw).await;
                    }
                    last_id = events.last_id;
                }
                Ok(response) if response.status() == StatusCode::METHOD_NOT_ALLOWED => {
                    return self.begun.notified().await;
                }
                // The session is gone. The next app is told as soon as it is there; none is booted for that.
                lost => {
                    let lost = lost.map_or(true, |response| is_lost(&response, target));
                    if lost
                        && self.host.running().await.is_some()
                        && let Err(error) = self.renew(target.number, true).await
                    {
                        tracing::warn!(error, "the next app can't be used yet");
                    }
                }
            }
            tokio::time::sleep(PAUSE).await;
            if !self.current().await.is_ok_and(|current| current.number == target.number) {
                return;
            }
        }
    }

    pub(super) fn ending_streams(&self) {
        self.listening.cancel();
    }

    /// Waits until nothing is listened to any more.
    pub(in crate::bridge) async fn stopped(&self) {
        self.listening.cancelled().await;
    }

    /// Ends what is under way.
    pub(in crate::bridge) async fn end(self: Arc<Self>) -> Arc<Self> {
        self.ending.cancel();
        self.listening.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self
    }

    /// Closes the session, and ends an app of this process.
    pub(in crate::bridge) async fn close(self) {
        if let Ok(target) = self.current().await
            && target.session.is_some()
        {
            _ = self.request(Method::DELETE, &target).timeout(PAUSE).send().await;
        }
        let Self { host, .. } = self;
        host.close().await;
    }
}

fn session(response: &Response) -> Option<String> {
    response.headers().get("mcp-session-id")?.to_str().ok().map(str::to_owned)
}
