//! Who asks a server for something, and what is noted of it while it is under way.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use keyferry_core::id::ServerName;
use rmcp::{
    RoleClient, RoleServer,
    model::{
        ClientCapabilities, InputRequest, ProgressNotificationParam, ProgressToken, RequestId,
        RequestMetaObject,
    },
    service::Peer,
};
use serde_json::Value;
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::Switchboard;

/// Reports of progress that wait to be passed on. Of more, the oldest go: what they said, the newer ones say better.
const REPORTS: usize = 64;

/// A client of the gateway, as the servers' side sees it.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) number: u64,
    pub(crate) peer: Peer<RoleServer>,
    pub(crate) capabilities: ClientCapabilities,
    pub(crate) reach: Reach,
    pub(crate) asks: Asks,
}

/// How a client is asked what a server wants to know.
#[derive(Clone)]
pub(crate) enum Reach {
    /// By a request, on the stream of its call.
    Requests,
    /// By the answer to its call, after which it calls again (MCP 2026-07-28, "Multi Round-Trip Requests").
    Rounds(mpsc::Sender<Question>),
    /// In no way, for its version of the protocol has none for what it asks.
    Nowise,
}

/// What a server wants to know of a client that is asked in rounds.
pub(crate) struct Question {
    pub(crate) request: InputRequest,
    pub(crate) answer: oneshot::Sender<Value>,
}

/// Where a call's progress is reported: elsewhere with each round. Clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Reports(Arc<Mutex<Option<Place>>>);

/// A client, and the token under which it knows its call.
type Place = (Peer<RoleServer>, ProgressToken);

/// The requests of servers that a client is about to answer, by the token under which it reports its progress.
#[derive(Clone, Default)]
pub(crate) struct Asks(Arc<Mutex<HashMap<ProgressToken, Reported>>>);

/// To whom progress is reported, and under which token.
type Reported = (Peer<RoleClient>, ProgressToken);

/// Who asks, and how the answer finds back.
#[derive(Clone, Default)]
pub(crate) struct Asker {
    /// None for the app itself.
    pub(crate) client: Option<Client>,
    /// The client's own id of its request.
    pub(crate) request: Option<RequestId>,
    /// What it sent along, without what was meant for the gateway.
    pub(crate) meta: RequestMetaObject,
    /// Where it wants to hear of progress.
    pub(crate) reports: Reports,
    /// Cancelled when nobody waits for the answer any more.
    pub(crate) gone: CancellationToken,
    /// Cancelled when the client's connection broke and was not taken up again.
    pub(crate) hung_up: CancellationToken,
}

/// One call among those of its server. Marks the request on its way through the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    pub(super) session: u64,
    pub(super) number: u64,
}

/// A call as the switchboard notes it.
pub(super) struct Call {
    pub(super) session: u64,
    pub(super) asker: Asker,
    pub(super) token: Option<ProgressToken>,
    pub(super) progress: broadcast::Sender<ProgressNotificationParam>,
    pub(super) over: CancellationToken,
    asking: Arc<AtomicUsize>,
}

/// A call as who waits for it has it. Over when dropped.
pub(super) struct Ongoing {
    switchboard: Switchboard,
    server: ServerName,
    pub(super) tag: Tag,
    progress: broadcast::Receiver<ProgressNotificationParam>,
    asking: Arc<AtomicUsize>,
}

/// The client that a request of a server goes to. While it is there, the call's clock stands.
pub(super) struct Caller {
    pub(super) client: Client,
    pub(super) request: Option<RequestId>,
    /// Cancelled when the call is over.
    pub(super) over: CancellationToken,
    asking: Arc<AtomicUsize>,
}

/// Why a request of a server goes to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unroutable {
    /// Nobody's call is under way.
    #[error("no client's call is under way, so there is nobody to ask")]
    Nobody,
    /// It might be meant for either of two.
    #[error(
        "several clients are calling at once, and it can't be told whose call this belongs to: nobody was asked; call again"
    )]
    Several,
    /// The app itself calls, for a command or to list.
    #[error("the call under way comes from no client that could be asked")]
    NoClient,
    /// The client's version of the protocol knows no such requests.
    #[error(
        "the client speaks a version of MCP (2026-07-28 or later) in which servers can ask only while a tool is called, a prompt got or a resource read"
    )]
    CannotBeAsked,
}

impl Asker {
    /// Which client this is; none for the app itself.
    pub(super) fn number(&self) -> Option<u64> {
        self.client.as_ref().map(|client| client.number)
    }
}

impl Call {
    pub(super) fn caller(&self) -> Result<Caller, Unroutable> {
        let client = self.asker.client.clone().ok_or(Unroutable::NoClient)?;
        if matches!(client.reach, Reach::Nowise) {
            return Err(Unroutable::CannotBeAsked);
        }
        self.asking.fetch_add(1, Ordering::SeqCst);
        Ok(Caller {
            client,
            request: self.asker.request.clone(),
            over: self.over.clone(),
            asking: Arc::clone(&self.asking),
        })
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.asking.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Ongoing {
    pub(super) fn new(switchboard: Switchboard, server: ServerName, tag: Tag, asker: Asker) -> (Call, Self) {
        let (report, progress) = broadcast::channel(REPORTS);
        let asking = Arc::<AtomicUsize>::default();
        let call = Call {
            session: tag.session,
            asker,
            token: None,
            progress: report,
            over: CancellationToken::new(),
            asking: Arc::clone(&asking),
        };
        (call, Self { switchboard, server, tag, progress, asking })
    }

    /// The next report of progress; none once the call is over.
    pub(super) async fn reported(&mut self) -> Option<ProgressNotificationParam> {
        loop {
            match self.progress.recv().await {
                Ok(report) => return Some(report),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// Whether the server waits for an answer of the client, or the person before it.
    pub(super) fn is_asking(&self) -> bool {
        self.asking.load(Ordering::SeqCst) > 0
    }
}

impl Drop for Ongoing {
    fn drop(&mut self) {
        self.switchboard.end(&self.server, self.tag);
    }
}

impl Reports {
    /// From now on progress is reported there; nowhere without a token.
    pub(crate) fn go_to(&self, peer: &Peer<RoleServer>, token: Option<ProgressToken>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = token.map(|token| (peer.clone(), token));
    }

    pub(super) fn place(&self) -> Option<Place> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Asks {
    pub(super) fn begin(&self, mine: ProgressToken, server: Peer<RoleClient>, theirs: ProgressToken) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(mine, (server, theirs));
    }

    pub(super) fn end(&self, mine: &ProgressToken) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(mine);
    }

    /// Whom the client's report of progress is for, and the token that it knows.
    pub(crate) fn server(&self, mine: &ProgressToken) -> Option<Reported> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(mine).cloned()
    }
}
