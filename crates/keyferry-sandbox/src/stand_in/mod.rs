//! A stand-in for a service: it answers with replies that were recorded there, and demands what the service's documentation does.
//!
//! It stands on loopback and plays the whole service below its own origin: what the service has at `https://HOST/PATH` is at
//! `{origin}/HOST/PATH`. A request that the service would not like is answered with a 400, and the stand-in notes in a plain sentence
//! what was wrong with it.

mod demands;
mod judge;
mod recording;
mod reply;
mod request;

use std::{
    fmt, io,
    net::Ipv4Addr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::{
    demands::{
        AccountDemand, Authentication, AuthorizeDemand, BodyFormat, Demands, Expected, StepDemand,
        TokenDemand, TokenKind,
    },
    recording::{Callback, Recording, RecordingError},
    reply::{InvalidReply, RecordedReply},
    request::{Part, SeenRequest},
};
use self::{judge::Judge, request::Request};
use crate::server;

/// The most connections at once: one player plays.
const CONNECTIONS: usize = 16;
/// Longest wait for what is under way at the end.
const PATIENCE: Duration = Duration::from_secs(1);
/// The most requests that are kept.
const MOST_REQUESTS: usize = 64;

/// What a stand-in has to know of the play besides its recording.
#[derive(Clone)]
pub struct Cast {
    /// The client that is registered.
    pub client: Client,
    /// The service's own endpoints as the provider file names them, to tell requests apart.
    pub endpoints: Endpoints,
    /// Parameters whose values are plain configuration, and so are shown.
    pub plain: Vec<String>,
}

/// A registered client.
#[derive(Clone)]
pub struct Client {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
}

/// The endpoints of a provider file, without scheme and query: `HOST/PATH`.
#[derive(Debug, Clone, Default)]
pub struct Endpoints {
    /// The authorization endpoint.
    pub authorization: String,
    /// The token endpoint.
    pub token: String,
    /// The endpoint for refreshes, where it is another one.
    pub refresh: Option<String>,
    /// The revocation endpoint.
    pub revocation: Option<String>,
}

/// A running stand-in. Dropped, it stops.
pub struct StandIn {
    origin: String,
    state: Arc<Stage>,
    server: JoinHandle<()>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

struct Stage {
    origin: String,
    recording: Recording,
    cast: Cast,
    /// Which of the refusals codes and refresh tokens are answered with, counted from 1; none at 0.
    refusal: AtomicUsize,
    progress: Mutex<Progress>,
}

/// What came so far.
#[derive(Default)]
struct Progress {
    challenge: Option<String>,
    redirect_uri: Option<String>,
    /// Token replies since the last authorization request.
    tokens_sent: usize,
    requests: Vec<SeenRequest>,
}

// === impl StandIn ===

impl StandIn {
    /// Starts a stand-in on a port that the kernel chooses.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(recording: Recording, cast: Cast) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let origin = format!("http://{}", listener.local_addr()?);
        let state = Arc::new(Stage {
            origin: origin.clone(),
            recording,
            cast,
            refusal: AtomicUsize::new(0),
            progress: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&state));
        let stop = CancellationToken::new();
        let server = tokio::spawn(server::serve(listener, router, stop.clone(), CONNECTIONS, PATIENCE));
        let stop_on_drop = stop.clone().drop_guard();
        Ok(Self { origin, state, server, stop, _stop_on_drop: stop_on_drop })
    }

    /// `http://HOST:PORT`, below which the service is.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// From now on codes and refresh tokens are refused: with `error.http` by 1, with `error-2.http` by 2, and so on.
    pub fn refuse_with(&self, number: usize) {
        self.state.refusal.store(number, Ordering::Relaxed);
    }

    /// The requests since the last call, oldest first.
    #[must_use]
    pub fn take_requests(&self) -> Vec<SeenRequest> {
        std::mem::take(&mut self.state.progress().requests)
    }

    /// Stops.
    pub async fn shutdown(self) {
        self.stop.cancel();
        if let Err(error) = self.server.await {
            tracing::error!(%error, "the stand-in's server task failed");
        }
    }
}

impl fmt::Debug for StandIn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("StandIn").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client").field("id", &self.id).finish_non_exhaustive()
    }
}

impl fmt::Debug for Cast {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Cast")
            .field("client", &self.client)
            .field("endpoints", &self.endpoints)
            .finish_non_exhaustive()
    }
}

// === impl Endpoints ===

impl Endpoints {
    /// The part that a request has.
    fn part(&self, request: &Request) -> Part {
        let place = request.place.as_str();
        let grant = request.get("grant_type");
        let alone_at = |endpoint: &Option<String>| endpoint.as_deref() == Some(place) && place != self.token;
        if request.method == Method::GET && place == self.authorization {
            Part::Authorization
        } else if alone_at(&self.revocation) {
            Part::Revocation
        } else if grant.is_some_and(|grant| grant.contains("refresh")) || alone_at(&self.refresh) {
            Part::Refresh
        } else if place == self.token || grant.is_some() {
            Part::Token
        } else if request.method == Method::GET
            || (request.method == Method::POST && !request.names_a_token())
        {
            Part::Account
        } else {
            Part::Revocation
        }
    }
}

// === impl Stage ===

impl Stage {
    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn play(&self, request: &Request) -> Response {
        let part = self.cast.endpoints.part(request);
        let mut progress = self.progress();
        let judge = Judge {
            recording: &self.recording,
            client: &self.cast.client,
            origin: &self.origin,
            progress: &progress,
            request,
            findings: Vec::new(),
        };
        let mut findings = judge.judge(part);
        let answer = if findings.is_empty() { self.reply(part, request, &mut progress) } else { None };
        let (response, answered) = answer.unwrap_or_else(|| {
            if findings.is_empty() {
                findings.push(format!("there is no recorded reply to {}", named(part)));
            }
            (refusal(&findings), vec!["error".to_owned(), "error_description".to_owned()])
        });
        let mut seen = request.seen(part, format!("https://{}", request.place), &self.cast.plain);
        (seen.status, seen.answered, seen.findings) = (response.status().as_u16(), answered, findings);
        if progress.requests.len() < MOST_REQUESTS {
            progress.requests.push(seen);
        }
        response
    }

    /// The recorded answer; none where it was not recorded.
    fn reply(
        &self,
        part: Part,
        request: &Request,
        progress: &mut Progress,
    ) -> Option<(Response, Vec<String>)> {
        let recording = &self.recording;
        let refusal = self.refusal.load(Ordering::Relaxed).checked_sub(1);
        let reply = match part {
            Part::Authorization => {
                progress.challenge = request.get("code_challenge").map(str::to_owned);
                progress.redirect_uri = request.get("redirect_uri").map(str::to_owned);
                progress.tokens_sent = 0;
                let callback = recording.callback.as_ref()?;
                return Some((redirect(request, callback)?, callback.names()));
            }
            Part::Token | Part::Refresh if refusal.is_some() => recording.errors.get(refusal?),
            Part::Token => {
                let at = progress.tokens_sent.min(recording.tokens.len().saturating_sub(1));
                progress.tokens_sent += 1;
                recording.tokens.get(at)
            }
            Part::Refresh => recording.refresh.as_ref(),
            Part::Account => recording.account.as_ref(),
            Part::Revocation => {
                let Some(reply) = &recording.revoke else {
                    return Some((StatusCode::OK.into_response(), Vec::new()));
                };
                Some(reply)
            }
        }?;
        Some((reply.respond(), reply.fields()))
    }
}

async fn answer(
    State(stage): State<Arc<Stage>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    stage.play(&Request::read(method, &uri, headers, &body))
}

/// The redirect to the client, as the service makes it after the person has allowed.
fn redirect(request: &Request, callback: &Callback) -> Option<Response> {
    let (to, state) = (request.get("redirect_uri")?, request.get("state")?);
    let location = HeaderValue::try_from(format!("{to}?{}", callback.query(state))).ok()?;
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    Some(response)
}

/// An OAuth error (RFC 6749 §5.2) that says what was wrong.
fn refusal(findings: &[String]) -> Response {
    let body = serde_json::json!({ "error": "invalid_request", "error_description": findings.join("; ") });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}

fn named(part: Part) -> &'static str {
    match part {
        Part::Authorization => {
            "the authorization request (callback.txt), or it lacks `redirect_uri` or `state`"
        }
        Part::Token => "the token request (token.http)",
        Part::Refresh => "the refresh (refresh.http, error.http)",
        Part::Revocation => "the revocation (revoke.http)",
        Part::Account => "the account's request (account.http)",
    }
}
