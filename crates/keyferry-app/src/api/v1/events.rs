//! `/api/v1/events`

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse,
        sse::{self, KeepAlive, Sse},
    },
};
use futures_util::stream;
use serde::Deserialize;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, timeout_at},
};
use utoipa::IntoParams;

use crate::{
    api::{
        ApiError, Shared,
        dto::{Event, EventKind},
        extract::Parameters,
    },
    engine::Engine,
    events::{Place, Unheard},
};

/// How often a stream without news says that it lives, so that a listener that went away is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a stream lives. Its listener comes again, shows anew that it may, and loses nothing.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// How soon a browser comes again.
const AGAIN: Duration = Duration::from_secs(2);

/// Of what to tell.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// Things of this kind alone.
    kind: Option<EventKind>,
    /// And of this name or id.
    name: Option<String>,
}

/// `GET`: what changes from now on, or since the `Last-Event-ID` (HTML, "Server-sent events"), each as an event of its kind.
///
/// The first event is `ready`, or `reload` where it can't be told what changed since: then whatever is shown has to be asked for anew.
#[utoipa::path(
    get, path = "/api/v1/events", operation_id = "events_listen", tag = "app",
    params(About, ("Last-Event-ID" = Option<String>, Header, description = "After which event to go on")),
    responses(
        (status = 200, description = "A stream of server-sent events", content_type = "text/event-stream", body = String),
    )
)]
pub(crate) async fn listen(
    State(engine): Shared,
    Parameters(about): Parameters<About>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let listener = Listener::new(engine, about, &headers).ok_or_else(ApiError::busy)?;
    let keep_alive = KeepAlive::new().interval(HEARTBEAT).text("still here");
    Ok(Sse::new(stream::unfold(listener, Listener::next)).keep_alive(keep_alive))
}

/// One who listens.
struct Listener {
    engine: Arc<Engine>,
    about: About,
    /// After what it has heard.
    place: Place,
    newest: watch::Receiver<u64>,
    /// What is to be sent.
    ready: VecDeque<sse::Event>,
    until: Instant,
    _permit: OwnedSemaphorePermit,
}

// === impl Listener ===

impl Listener {
    /// None when there are too many.
    fn new(engine: Arc<Engine>, about: About, headers: &HeaderMap) -> Option<Self> {
        let (newest, permit) = engine.events.listen()?;
        let mut listener = Self {
            place: engine.events.now(),
            engine,
            about,
            newest,
            ready: VecDeque::new(),
            until: Instant::now() + LIFE,
            _permit: permit,
        };
        match headers.get("last-event-id").map(|id| id.to_str().ok().and_then(|id| id.parse().ok())) {
            None => listener.greet("ready"),
            Some(Some(place)) => {
                listener.place = place;
                if let Unheard::Changes(_) = listener.engine.events.since(place) {
                    listener.greet("ready");
                }
                listener.read();
            }
            // No id of ours.
            Some(None) => listener.greet("reload"),
        }
        Some(listener)
    }

    /// The next event; none when the stream is over.
    async fn next(mut self) -> Option<(Result<sse::Event, Infallible>, Self)> {
        while self.ready.is_empty() {
            let has_news = tokio::select! {
                changed = timeout_at(self.until, self.newest.changed()) => matches!(changed, Ok(Ok(()))),
                () = self.engine.ending.cancelled() => false,
            };
            if !has_news {
                return None;
            }
            self.read();
        }
        let event = self.ready.pop_front()?;
        Some((Ok(event), self))
    }

    /// Reads on from its place.
    fn read(&mut self) {
        match self.engine.events.since(self.place) {
            Unheard::Everything(place) => {
                self.place = place;
                self.greet("reload");
            }
            Unheard::Changes(changes) => {
                for (place, change) in changes {
                    self.place = place;
                    let event = change.shown();
                    if self.about.is(&event) {
                        self.ready.extend(shown(place, &event));
                    }
                }
            }
        }
    }

    /// An event that tells of no thing. A browser hands on none without data.
    fn greet(&mut self, name: &'static str) {
        let event = sse::Event::default().event(name).id(self.place.to_string()).retry(AGAIN).data("{}");
        self.ready.push_back(event);
    }
}

fn shown(place: Place, event: &Event) -> Option<sse::Event> {
    sse::Event::default().event(event.kind.as_str()).id(place.to_string()).json_data(event).ok()
}

// === impl About ===

impl About {
    fn is(&self, event: &Event) -> bool {
        self.kind.is_none_or(|kind| kind == event.kind)
            && self.name.as_ref().is_none_or(|name| Some(name) == event.name.as_ref())
    }
}
