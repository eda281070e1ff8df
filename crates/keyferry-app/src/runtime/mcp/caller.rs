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
    model::{ClientCapabilities, ProgressNotificationParam, ProgressToken, RequestId, RequestMetaObject},
    service::Peer,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Switchboard;

/// Reports of progress that wait to be passed on.
const REPORTS: usize = 64;

/// A client of the gateway, as the servers' side sees it.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) number: u64,
    pub(crate) peer: Peer<RoleServer>,
    pub(crate) capabilities: ClientCapabilities,
    /// Whether it can be asked: a client without a session (MCP 2026-07-28) can't.
    pub(crate) can_be_asked: bool,
    pub(crate) asks: Asks,
}

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
    /// Under which token it wants to hear of progress.
    pub(crate) progress: Option<ProgressToken>,
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
    pub(super) progress: mpsc::Sender<ProgressNotificationParam>,
    pub(super) over: CancellationToken,
    asking: Arc<AtomicUsize>,
}

/// A call as who waits for it has it. Over when dropped.
pub(super) struct Ongoing {
    switchboard: Switchboard,
    server: ServerName,
    pub(super) tag: Tag,
    pub(super) progress: mpsc::Receiver<ProgressNotificationParam>,
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
        "the client that calls speaks a version of MCP in which servers can't ask (2026-07-28 and later)"
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
        if !client.can_be_asked {
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
        let (report, progress) = mpsc::channel(REPORTS);
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
