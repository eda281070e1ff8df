//! What goes on in a browser: which pages there are, and every document's request before it leaves.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chromiumoxide_cdp::cdp::browser_protocol::{
    fetch::{ContinueRequestParams, FailRequestParams},
    network::ErrorReason,
};
use keyferry_core::provider::{Browser, Refusal};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Notify;

use super::wire::{PageSession, Verdict};
use crate::browser::session::{End, News, Refused, RefusedPart};

/// Pages that are known at once. A site that opens more has the rest unread, and under the rules all the same.
const MOST_PAGES: usize = 64;

/// Places that are told. More of them help nobody.
const MOST_REFUSED: usize = 100;

/// What comes unasked. Only what is needed is read, so that a newer browser may tell more.
#[derive(Debug)]
pub(super) enum Event {
    /// A document is asked for.
    Held(Held),
    /// A page can be looked at.
    Attached(Attached),
    /// It can't any more.
    Detached(Detached),
    /// There is another page.
    Created(About),
}

impl Event {
    /// Reads one; none that is not known. A request whose event can't be read stays held.
    pub(super) fn read(method: &str, params: Value) -> Option<Self> {
        match method {
            "Fetch.requestPaused" => serde_json::from_value(params).ok().map(Self::Held),
            "Target.attachedToTarget" => serde_json::from_value(params).ok().map(Self::Attached),
            "Target.detachedFromTarget" => serde_json::from_value(params).ok().map(Self::Detached),
            "Target.targetCreated" => serde_json::from_value(params).ok().map(Self::Created),
            _ => None,
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Held {
    request_id: String,
    request: HeldRequest,
    #[serde(default)]
    frame_id: String,
}

#[derive(Debug, Deserialize)]
struct HeldRequest {
    url: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Attached {
    session_id: String,
    target_info: Target,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detached {
    session_id: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct About {
    target_info: Target,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Target {
    target_id: String,
    #[serde(rename = "type")]
    kind: String,
}

/// A browser as it is watched.
#[derive(Debug)]
pub(super) struct Watch {
    rules: Arc<Browser>,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The pages that can be looked at, each with its name.
    pages: BTreeMap<PageSession, String>,
    /// The main frames of all pages, each of the name of its page.
    main_frames: BTreeSet<String>,
    /// Whether there was a page: when the last one goes, the window is closed.
    had_pages: bool,
    /// What was refused, once each; and what of it is still to be told.
    refused: BTreeMap<Refusal, RefusedPart>,
    untold: VecDeque<Refused>,
    broke_rules: bool,
}

impl Watch {
    pub(super) fn new(rules: Arc<Browser>) -> Self {
        Self { rules, state: Mutex::default(), changed: Notify::new() }
    }

    /// Takes what came, and answers a request that is held and a page that is new.
    pub(super) fn heard(&self, event: Event) -> Option<Verdict> {
        let verdict = match event {
            Event::Held(held) => Some(self.judge(held)),
            Event::Attached(Attached { session_id, target_info }) => {
                let (mut state, page) = (self.lock(), PageSession(session_id));
                if target_info.kind == "page" && state.pages.len() < MOST_PAGES {
                    state.had_pages = true;
                    state.pages.insert(page.clone(), target_info.target_id);
                }
                Some(Verdict::Begin(page))
            }
            Event::Detached(Detached { session_id }) => {
                self.lock().pages.remove(&PageSession(session_id));
                None
            }
            Event::Created(About { target_info }) => {
                let mut state = self.lock();
                if target_info.kind == "page" && state.main_frames.len() < MOST_PAGES {
                    state.main_frames.insert(target_info.target_id);
                }
                None
            }
        };
        self.changed.notify_one();
        verdict
    }

    /// The rules, at the moment at which a request is about to leave: of a page, a frame, a new window, and of each hop of a redirect.
    fn judge(&self, held: Held) -> Verdict {
        let Err(refusal) = self.rules.judge(&held.request.url) else {
            return Verdict::Go(ContinueRequestParams::new(held.request_id));
        };
        let mut state = self.lock();
        let part = match state.main_frames.contains(&held.frame_id) {
            true => RefusedPart::Page,
            false => RefusedPart::Frame,
        };
        if state.refused.len() < MOST_REFUSED && !state.refused.contains_key(&refusal) {
            state.refused.insert(refusal.clone(), part);
            state.untold.push_back(Refused { refusal, part });
        }
        Verdict::Stay(FailRequestParams::new(held.request_id, ErrorReason::BlockedByClient))
    }

    /// The pages that can be looked at.
    pub(super) fn pages(&self) -> Vec<PageSession> {
        self.lock().pages.keys().cloned().collect()
    }

    /// The page of this name, once it can be looked at.
    pub(super) async fn page_of(&self, name: &str) -> PageSession {
        loop {
            let page = self.lock().pages.iter().find(|(_, page)| *page == name).map(|(page, _)| page.clone());
            match page {
                Some(page) => return page,
                None => self.changed.notified().await,
            }
        }
    }

    /// A page was seen where none may be.
    pub(super) fn broke_rules(&self) {
        self.lock().broke_rules = true;
        self.changed.notify_one();
    }

    /// The next news.
    pub(super) async fn news(&self) -> News {
        loop {
            {
                let mut state = self.lock();
                if state.broke_rules {
                    return News::Ended(End::BrokeRules);
                }
                if let Some(refused) = state.untold.pop_front() {
                    return News::Refused(refused);
                }
                if state.had_pages && state.pages.is_empty() {
                    return News::Ended(End::Closed);
                }
            }
            self.changed.notified().await;
        }
    }

    /// Each change leaves the state whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
