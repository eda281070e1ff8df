//! One MCP session: opened, listed, called.

use std::{
    collections::HashSet,
    fmt,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use keyferry_core::{id::ServerName, secret::SecretText};
use rmcp::{
    RoleClient, ServiceError,
    model::{
        CallToolRequest, CallToolRequestParams, CallToolResult, ClientNotification, ClientRequest,
        JsonObject, ServerPeerInfo, ServerResult, SetLevelRequest, SetLevelRequestParams, SubscribeRequest,
        SubscribeRequestParams, Tool,
    },
    service::{ClientInitializeError, Peer, RunningService, RunningServiceCancellationToken, serve_client},
    transport::{Transport, TransportAdapterIdentity, async_rw::AsyncRwTransport},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
    time::timeout,
};

use super::{
    AskError, Asker, Switchboard,
    input::Input,
    listing,
    relay::Relay,
    switchboard::{Face, Repeated, Succession},
    tap::Tap,
};
use crate::runtime::{
    Limits, RuntimeError,
    log::{Mask, escaped},
};

/// The longest text of a server in an error, in characters.
const LONGEST_TEXT: usize = 500;

/// A session that is open. Clones speak over the same one.
#[derive(Clone)]
pub(crate) struct Session {
    pub(super) server: ServerName,
    /// No other session has it.
    pub(super) number: u64,
    pub(super) peer: Peer<RoleClient>,
    pub(super) calls: Arc<Semaphore>,
    pub(super) switchboard: Switchboard,
    pub(super) limits: Limits,
    mask: Arc<Mask>,
    noted: Arc<OnceLock<Noted>>,
}

/// What the server listed when it started.
struct Noted {
    /// The tools that may be called twice.
    repeatable: HashSet<String>,
    face: Face,
}

/// What a session is opened with.
pub(crate) struct Opening<'a> {
    pub(crate) server: ServerName,
    pub(crate) mask: Arc<Mask>,
    pub(crate) switchboard: Switchboard,
    pub(crate) limits: &'a Limits,
}

/// Waits for the end of a session, and can bring it about.
pub(crate) struct Ended {
    done: Pin<Box<dyn Future<Output = ()> + Send>>,
    cancel: RunningServiceCancellationToken,
}

/// Why a session can't be opened.
pub(crate) enum OpenError {
    /// The streams ended.
    Closed,
    /// The server answered `initialize` with an error (JSON-RPC 2.0 §5.1).
    Refused(RuntimeError),
    /// A server elsewhere wants another token.
    Unauthorized,
    /// What it answered is not an answer to `initialize`; this describes it.
    NotMcp,
}

impl Session {
    /// Over the standard streams of a process. Has no limit of its own.
    pub(crate) async fn open(
        output: impl AsyncRead + Send + Unpin + 'static,
        input: impl AsyncWrite + Send + Unpin + 'static,
        opening: Opening<'_>,
    ) -> Result<(Self, Ended), OpenError> {
        // `Output` bounds a message before this transport does; its own bound would drop a message without a word.
        let transport = AsyncRwTransport::new_client(output, Input(input)).with_max_line_length(usize::MAX);
        Self::open_over(transport, opening).await
    }

    /// `initialize` and `notifications/initialized` (MCP, "Lifecycle"), and what the session before had been told.
    pub(crate) async fn open_over<T: Transport<RoleClient> + 'static>(
        transport: T,
        opening: Opening<'_>,
    ) -> Result<(Self, Ended), OpenError> {
        let Opening { server, mask, switchboard, limits } = opening;
        let number = switchboard.number();
        let relay = Relay { server: server.clone(), session: number, switchboard: switchboard.clone() };
        let tap = Tap {
            inner: transport,
            server: server.clone(),
            session: number,
            switchboard: switchboard.clone(),
        };
        let service = serve_client::<_, _, T::Error, TransportAdapterIdentity>(relay, tap)
            .await
            .map_err(|error| open_error(error, &server, &mask))?;
        let session = Self {
            server,
            number,
            peer: service.peer().clone(),
            calls: Arc::new(Semaphore::new(limits.calls)),
            switchboard,
            mask,
            limits: limits.clone(),
            noted: Arc::default(),
        };
        session.repeat(session.switchboard.repeated(&session.server));
        Ok((session, Ended::new(service)))
    }

    /// From now on the server's calls go over this session. Its clients are told that lists may be others, but where it
    /// succeeds another that showed the same.
    pub(crate) fn takes_over(&self, succession: Succession) {
        let Some(info) = self.info() else { return };
        let face = self.noted.get().map_or_else(|| Face::of(&info, &[]), |noted| noted.face);
        self.switchboard.taken_over(&self.server, self.number, &info.capabilities, face, succession);
    }

    /// Tells the server what the one before it had been told. It may take its time: nobody waits for it.
    fn repeat(&self, repeated: Repeated) {
        let Repeated { level, subscriptions } = repeated;
        let level = level.map(|level| SetLevelRequest::new(SetLevelRequestParams::new(level)).into());
        let subscriptions = subscriptions
            .into_iter()
            .map(|uri| SubscribeRequest::new(SubscribeRequestParams::new(uri)).into());
        let requests: Vec<ClientRequest> = level.into_iter().chain(subscriptions).collect();
        if requests.is_empty() {
            return;
        }
        let session = self.clone();
        tokio::spawn(async move {
            for request in requests {
                if let Err(error) = session.ask(Asker::default(), request, "what it was told before").await {
                    tracing::warn!(server = %session.server, ?error, "a restarted server is not as it was");
                }
            }
        });
    }

    /// What the server said of itself.
    pub(crate) fn info(&self) -> Option<Arc<ServerPeerInfo>> {
        self.peer.peer_info()
    }

    /// Tells the server something.
    pub(crate) async fn tell(&self, notification: ClientNotification) {
        _ = timeout(self.limits.call, self.peer.send_notification(notification)).await;
    }

    /// Whose it is.
    pub(crate) fn server(&self) -> &ServerName {
        &self.server
    }

    /// Whether the server says that it offers tools.
    pub(crate) fn offers_tools(&self) -> bool {
        self.peer.peer_info().is_some_and(|info| info.capabilities.tools.is_some())
    }

    /// Every tool, in the server's order.
    pub(crate) async fn tools(&self) -> Result<Vec<Tool>, RuntimeError> {
        let what = "its tools";
        let listing = listing::all_tools(&self.peer, self.limits.tools);
        let tools = self.limited(what, listing).await?;
        tools.map_err(|error| match error {
            listing::ListingError::TooMany(limit) => {
                RuntimeError::TooManyTools { server: self.server.clone(), limit }
            }
            listing::ListingError::Service(error) => self.call_error(error, what),
        })
    }

    /// Calls a tool. A result that reports an error of the tool's own (`isError`) is a result. Cancelled when dropped.
    pub(crate) async fn call(
        &self,
        tool: &str,
        arguments: JsonObject,
    ) -> Result<CallToolResult, RuntimeError> {
        let what = shown_tool(tool);
        let params = CallToolRequestParams::new(tool.to_owned()).with_arguments(arguments);
        let request = CallToolRequest::new(params).into();
        match self.ask(Asker::default(), request, &what).await {
            Ok(ServerResult::CallToolResult(result)) => Ok(result),
            Ok(ServerResult::EmptyResult(_)) => Ok(CallToolResult::success(Vec::new())),
            // Neither input rounds nor tasks were offered to the server when the session was opened.
            Ok(_) => Err(RuntimeError::BadReply { server: self.server.clone(), what }),
            Err(AskError::Server(data)) => Err(self.call_error(ServiceError::McpError(data), &what)),
            Err(AskError::Runtime(error)) => Err(error),
            Err(AskError::Cancelled) => {
                Err(RuntimeError::StoppedDuringCall { server: self.server.clone(), what })
            }
        }
    }

    /// Notes the tools, and what the server says of them (`readOnlyHint`, `idempotentHint`).
    pub(crate) fn note(&self, tools: &[Tool]) {
        let may = |tool: &&Tool| {
            let hints = tool.annotations.as_ref();
            hints.is_some_and(|hints| {
                hints.read_only_hint == Some(true) || hints.idempotent_hint == Some(true)
            })
        };
        let repeatable = tools.iter().filter(may).map(|tool| tool.name.clone().into_owned()).collect();
        if let Some(info) = self.info() {
            _ = self.noted.set(Noted { repeatable, face: Face::of(&info, tools) });
        }
    }

    /// Whether the server says that a tool may be called twice.
    pub(crate) fn may_repeat(&self, tool: &str) -> bool {
        self.noted.get().is_some_and(|noted| noted.repeatable.contains(tool))
    }

    /// Takes no further calls, and waits until those under way are over: for how long is the caller's to say.
    pub(crate) async fn drained(&self) {
        let all = u32::try_from(self.limits.calls).unwrap_or(u32::MAX);
        // Calls that wait for a place stand before this in the line, and are made.
        drop(self.calls.acquire_many(all).await);
        // Whoever still holds the session is told that it is not to be had, and takes the one that is.
        self.calls.close();
    }

    /// Hides these as well in what the server says.
    pub(crate) fn learn(&self, secrets: &[SecretText]) {
        self.mask.learn(secrets);
    }

    /// One question, within the limit for a call and with a place among the calls under way.
    async fn limited<T>(&self, what: &str, question: impl Future<Output = T>) -> Result<T, RuntimeError> {
        let limit = self.limits.call;
        let answer = async {
            // Another session has taken this one's place; nothing was sent.
            let place = self.calls.acquire().await;
            let _place = place.map_err(|_| RuntimeError::NotRunning { server: self.server.clone() })?;
            Ok(question.await)
        };
        timeout(limit, answer).await.unwrap_or_else(|_| {
            Err(RuntimeError::TimedOut { server: self.server.clone(), what: what.to_owned(), limit })
        })
    }

    pub(super) fn call_error(&self, error: ServiceError, what: &str) -> RuntimeError {
        let (server, what) = (self.server.clone(), what.to_owned());
        if error.is_authorization_required() {
            return RuntimeError::TokenRefused { server };
        }
        match error {
            ServiceError::McpError(data) => RuntimeError::Refused {
                server,
                what,
                code: data.code.0,
                message: text_of_server(&data.message, &self.mask),
            },
            ServiceError::TransportClosed | ServiceError::TransportSend(_) => {
                RuntimeError::StoppedDuringCall { server, what }
            }
            ServiceError::Timeout { timeout } => RuntimeError::TimedOut { server, what, limit: timeout },
            _ => RuntimeError::BadReply { server, what },
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Session").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Ended {
    fn new(service: RunningService<RoleClient, Relay>) -> Self {
        let cancel = service.cancellation_token();
        Self { cancel, done: Box::pin(async move { _ = service.waiting().await }) }
    }

    /// Waits until the session has ended: the server closed its output, or sent a message above the limit. To be waited for once.
    pub(crate) async fn wait(&mut self) {
        (&mut self.done).await;
    }

    /// Ends the session, which closes the server's standard input.
    pub(crate) fn close(self) {
        self.cancel.cancel();
    }
}

fn open_error(error: ClientInitializeError, server: &ServerName, mask: &Mask) -> OpenError {
    match error {
        ClientInitializeError::JsonRpcError(data) => OpenError::Refused(RuntimeError::Refused {
            server: server.clone(),
            what: "`initialize`".to_owned(),
            code: data.code.0,
            message: text_of_server(&data.message, mask),
        }),
        error if error.auth_challenge().is_some() => OpenError::Unauthorized,
        ClientInitializeError::ConnectionClosed(_)
        | ClientInitializeError::TransportError { .. }
        | ClientInitializeError::Cancelled => OpenError::Closed,
        _ => OpenError::NotMcp,
    }
}

/// A text of the server's, fit to be shown.
pub(super) fn text_of_server(text: &str, mask: &Mask) -> String {
    escaped(&mask.apply(text, false)).chars().take(LONGEST_TEXT).collect()
}

/// A tool's name comes from whoever calls.
pub(crate) fn shown_tool(tool: &str) -> String {
    format!("the tool {:?}", tool.chars().take(128).collect::<String>())
}
