//! The connections that nobody uses at the moment, by host.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use hyper::{
    client::conn::http2,
    rt::{Read, Write},
};
use tokio::time::{Instant, sleep};

use super::{Body, Http1, Link};
use crate::upstream::{IDLE, IDLE_CONNECTIONS};

/// How often those that were not used for long are let go.
const SWEEP: Duration = Duration::from_secs(1);

/// All of them.
pub(super) struct Kept<I: Read + Write + Unpin>(Mutex<Shelf<I>>);

struct Shelf<I: Read + Write + Unpin> {
    hosts: HashMap<Host, Links<I>>,
    /// Whether a task lets them go.
    is_swept: bool,
}

#[derive(PartialEq, Eq, Hash)]
struct Host(Scheme, Authority);

/// Those to one host.
struct Links<I: Read + Write + Unpin> {
    /// The one used last is last, and taken first.
    http1: Vec<(Instant, Box<Http1<I>>)>,
    http2: Option<(Instant, http2::SendRequest<Body>)>,
}

// === impl Kept ===

impl<I: Read + Write + Unpin> Default for Kept<I> {
    fn default() -> Self {
        Self(Mutex::new(Shelf { hosts: HashMap::new(), is_swept: false }))
    }
}

impl<I: Read + Write + Unpin + Send + 'static> Kept<I> {
    /// A connection on which a request can be sent.
    pub(super) fn take(&self, uri: &Uri) -> Option<Link<I>> {
        let host = Host::of(uri)?;
        loop {
            let mut link = self.lock().hosts.get_mut(&host)?.take()?;
            if link.is_ready() {
                return Some(link);
            }
        }
    }

    /// Keeps a connection for the next request.
    pub(super) fn put(self: &Arc<Self>, uri: &Uri, link: Link<I>) {
        let Some(host) = Host::of(uri) else { return };
        let mut shelf = self.lock();
        shelf.hosts.entry(host).or_default().put(link);
        if !std::mem::replace(&mut shelf.is_swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shelf<I>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets go of what was not used for long, until there is nothing more.
async fn sweep<I: Read + Write + Unpin + Send + 'static>(kept: Weak<Kept<I>>) {
    loop {
        sleep(SWEEP).await;
        let Some(kept) = kept.upgrade() else { return };
        let mut shelf = kept.lock();
        shelf.hosts.values_mut().for_each(Links::sweep);
        shelf.hosts.retain(|_, links| !links.is_empty());
        if shelf.hosts.is_empty() {
            shelf.is_swept = false;
            return;
        }
    }
}

// === impl Host ===

impl Host {
    fn of(uri: &Uri) -> Option<Self> {
        Some(Self(uri.scheme()?.clone(), uri.authority()?.clone()))
    }
}

// === impl Links ===

impl<I: Read + Write + Unpin> Default for Links<I> {
    fn default() -> Self {
        Self { http1: Vec::new(), http2: None }
    }
}

impl<I: Read + Write + Unpin> Links<I> {
    fn take(&mut self) -> Option<Link<I>> {
        self.http2.take_if(|(since, sender)| !is_recent(*since) || sender.is_closed());
        if let Some((since, sender)) = &mut self.http2 {
            *since = Instant::now();
            return Some(Link::Http2(sender.clone()));
        }
        let (since, link) = self.http1.pop()?;
        is_recent(since).then_some(Link::Http1(link))
    }

    fn put(&mut self, link: Link<I>) {
        let now = Instant::now();
        match link {
            Link::Http1(link) => {
                if link.is_done() && self.http1.len() < IDLE_CONNECTIONS {
                    self.http1.push((now, link));
                }
            }
            Link::Http2(sender) => match &mut self.http2 {
                Some((since, kept)) if !kept.is_closed() => *since = now,
                none => *none = Some((now, sender)),
            },
        }
    }

    fn sweep(&mut self) {
        self.http1.retain(|(since, _)| is_recent(*since));
        self.http2.take_if(|(since, _)| !is_recent(*since));
    }

    fn is_empty(&self) -> bool {
        self.http1.is_empty() && self.http2.is_none()
    }
}

fn is_recent(since: Instant) -> bool {
    since.elapsed() < IDLE
}
