//! The connection to the app's gateway.
//!
//! The app may end and come back while the client stays. Then the next app is told what this one had been told at its beginning,
//! and the client notices at most that what was under way has failed.

mod memory;
mod renew;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError},
    time::Duration,
};

use keyferry_app::{clients::ClientName, home::ApiToken};
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderMap},
    redirect,
};
use serde_json::Value;
use tokio::sync::{Mutex, Notify, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Message,
    events::{End, Events},
    refusal,
};
use crate::{
    error::{CliError, CliResult},
    session::Host,
};
use memory::Memory;

/// Nothing the app sends stays away for longer: a stream that is open shows so every 15 seconds.
const SILENCE: Duration = Duration::from_secs(3_600);
const CONNECT: Duration = Duration::from_secs(5);
/// How often one message is sent again after the app has gone.
const TRIES: usize = 3;

pub(super) struct Link {
    http: reqwest::Client,
    host: Host,
    path: String,
    /// Whose token opens the gateway; none means the data folder's.
    client: Option<ClientName>,
    out: mpsc::Sender<Vec<u8>>,
    app: Mutex<Option<Target>>,
    memory: std::sync::Mutex<Memory>,
    /// Requests without a session that are under way, so that a cancellation can break them off.
    under_way: std::sync::Mutex<HashMap<String, CancellationToken>>,
    tasks: TaskTracker,
    ending: CancellationToken,
    /// Cancelled first: what is only listened to does not hold the end up.
    listening: CancellationToken,
    /// Told of each session that begins.
    begun: Notify,
}

/// An app, and the session there.
#[derive(Clone)]
struct Target {
    url: String,
    token: ApiToken,
    session: Option<String>,
    version: Option<String>,
    /// Grows with each app.
    number: usize,
}

impl Link {
    pub(super) fn new(
        host: Host,
        path: String,
        client: Option<ClientName>,
        out: mpsc::Sender<Vec<u8>>,
    ) -> CliResult<Self> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .tls_certs_only([])
            .build();
        let http =
            http.map_err(|error| CliError::failed("client", format!("the client can't be made: {error}")))?;
        Ok(Self {
            http,
            host,
            path,
            client,
            out,
            app: Mutex::default(),
            memory: std::sync::Mutex::default(),
            under_way: std::sync::Mutex::default(),
            tasks: TaskTracker::new(),
            ending: CancellationToken::new(),
            listening: CancellationToken::new(),
            begun: Notify::new(),
        })
    }

    /// Finds the app, or boots one.
    pub(super) async fn connect(&self) -> CliResult {
        let mut app = self.app.lock().await;
        if app.is_none() {
            let running = self.host.find().await?;
            *app = Some(self.target(running, 0)?);
        }
        Ok(())
    }

    /// Takes a message of the client's. Comes back when the next may be taken: one that begins a session, or belongs to one, is
    /// on its way by then, so that they arrive in order.
    pub(super) async fn take(self: Arc<Self>, raw: Vec<u8>) {
        let Some(message) = Message::read(&raw) else {
            let text = "the bridge reads one JSON-RPC message a line";
            return self.say(&refusal(&Value::Null, -32700, text)).await;
        };
        if self.breaks_off(&message) {
            return;
        }
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).note(&message, &raw);
        let id = message.id.clone().filter(|_| message.is_request());
        if message.own_version().is_some() {
            // Noted before the next message is taken, which may cancel it.
            let cancel = self.ending.child_token();
            if let Some(id) = &id {
                self.under_way().insert(id.to_string(), cancel.clone());
            }
            let link = Arc::clone(&self);
            self.tasks.spawn(async move { link.ask_alone(&message, id, raw, cancel).await });
            return;
        }
        match self.send(&message, &raw).await {
            Ok(response) if message.is("initialize") => self.begin(response, &id.unwrap_or_default()).await,
            Ok(response) => {
                if message.is("notifications/initialized") {
                    self.begun.notify_one();
                }
                let link = Arc::clone(&self);
                self.tasks.spawn(async move {
                    tokio::select! {
                        () = link.pass_on(Events::new(response), id.as_ref()) => {}
                        () = link.ending.cancelled() => {}
                    }
                });
            }
            Err(error) => self.fail(id.as_ref(), &error).await,
        }
    }

    /// Waits until everything that is under way is answered.
    pub(super) async fn answered(&self) {
        self.ending_streams();
        self.tasks.close();
        self.tasks.wait().await;
    }

    pub(super) async fn say(&self, message: &[u8]) {
        // Nobody reads any more: then nobody misses it either.
        _ = self.out.send(message.to_vec()).await;
    }

    /// Sends a message to the app, to the next one where that has gone.
    async fn send(&self, message: &Message, raw: &[u8]) -> Result<Response, String> {
        for _ in 0..TRIES {
            let target = self.current().await?;
            let sent = self.post(&target, message.headers(), raw.to_vec()).await;
            match sent {
                Ok(response) if is_lost(&response, &target) => {}
                Ok(response) if response.status().is_success() => return Ok(response),
                Ok(response) => return self.unless_refused(response).await,
                Err(error) if error.is_connect() => {}
                Err(error) => return Err(format!("the app went away: {}", error.without_url())),
            }
            self.renew(target.number, !message.is("initialize")).await?;
        }
        Err("the app goes away again and again; see its log".to_owned())
    }

    /// An error of the gateway is passed on like any answer; one of the app's is told.
    async fn unless_refused(&self, response: Response) -> Result<Response, String> {
        let status = response.status();
        let json = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
        let body = response.bytes().await.unwrap_or_default();
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        if json && said.get("jsonrpc").is_some() {
            self.say(&body).await;
            return Err(String::new());
        }
        let text = said.get("message").and_then(Value::as_str).map(str::to_owned);
        let hint = said.get("hint").and_then(Value::as_str).map(|hint| format!("; {hint}"));
        Err(text.map_or_else(
            || format!("the app answered HTTP {status}"),
            |text| text + &hint.unwrap_or_default(),
        ))
    }

    async fn post(&self, target: &Target, headers: HeaderMap, body: Vec<u8>) -> reqwest::Result<Response> {
        let request = self.request(Method::POST, target).headers(headers);
        request.header(CONTENT_TYPE, "application/json").body(body).send().await
    }

    fn request(&self, method: Method, target: &Target) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, &target.url).bearer_auth(target.token.expose_secret());
        request = request.header(ACCEPT, "application/json, text/event-stream");
        if let Some(session) = &target.session {
            request = request.header("mcp-session-id", session);
        }
        if let Some(version) = &target.version {
            request = request.header("mcp-protocol-version", version);
        }
        request
    }

    /// Passes an answer on. A request whose answer does not come is answered here.
    async fn pass_on(&self, mut events: Events, id: Option<&Value>) {
        let mut waiting = id;
        loop {
            match events.next().await {
                Ok(raw) => {
                    if waiting
                        .is_some_and(|id| Message::read(&raw).is_some_and(|message| message.answers(id)))
                    {
                        waiting = None;
                    }
                    self.say(&raw).await;
                }
                Err(end) => {
                    if waiting.is_some() {
                        let why = match end {
                            End::Complete => "the app ended its answer before it was complete",
                            End::Broken => "the app went away while it was asked; ask again",
                        };
                        self.fail(waiting, why).await;
                    }
                    return;
                }
            }
        }
    }

    /// A request without a session: nothing has to come after it, and breaking it off cancels it.
    async fn ask_alone(
        self: Arc<Self>,
        message: &Message,
        id: Option<Value>,
        raw: Vec<u8>,
        cancel: CancellationToken,
    ) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = async {
                match self.send(message, &raw).await {
                    Ok(response) => self.pass_on(Events::new(response), id.as_ref()).await,
                    Err(error) => self.fail(id.as_ref(), &error).await,
                }
            } => {}
        }
        if let Some(id) = &id {
            self.under_way().remove(&id.to_string());
        }
    }

    /// Whether the message cancels a request without a session, which is done by breaking it off.
    fn breaks_off(&self, message: &Message) -> bool {
        let Some(id) = message.cancelled() else { return false };
        let Some(cancel) = self.under_way().remove(&id.to_string()) else { return false };
        cancel.cancel();
        true
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<String, CancellationToken>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fail(&self, id: Option<&Value>, why: &str) {
        if let Some(id) = id
            && !why.is_empty()
        {
            self.say(&refusal(id, -32603, why)).await;
        }
    }
}

/// Whether the app does not know the session, or the token: it is another than it was.
fn is_lost(response: &Response, target: &Target) -> bool {
    match response.status() {
        StatusCode::NOT_FOUND => target.session.is_some(),
        StatusCode::UNAUTHORIZED => true,
        _ => false,
    }
}
