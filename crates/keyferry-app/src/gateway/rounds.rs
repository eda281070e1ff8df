//! Calls whose server asks a client that can't be asked by a request (MCP 2026-07-28, "Multi Round-Trip Requests").
//!
//! The client's call is answered by the question. The call itself goes on, held here, until the client has called again with the
//! answer and with what it was given to name the call by. That name is random, good for one round, and for who began the call alone.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keyferry_core::id::ServerName;
use rmcp::{
    ErrorData, RoleServer,
    model::{ClientRequest, Extensions, InputRequests, InputRequiredResult, InputResponses, ServerResult},
    service::RequestContext,
};
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    error,
    forward::{self, Answer},
    gate::{ClientState, Scope},
};
use crate::{
    api::Caller,
    engine::Engine,
    runtime::mcp::{Question, Reach, Reports},
};

/// Calls that are held at once. The one that was held longest makes room.
const MOST: usize = 64;
/// How long a person may take to answer. As long as many servers wait for them.
const PATIENCE: Duration = Duration::from_secs(600);
/// Questions of one call that wait to be put.
const QUESTIONS: usize = 16;

/// The calls that are held. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Rounds(Arc<Mutex<HashMap<String, Held>>>);

struct Held {
    call: Call,
    since: Instant,
}

/// What a client asks, of which server, and through which endpoint.
pub(super) struct Asked<'a> {
    pub(super) server: &'a ServerName,
    pub(super) request: ClientRequest,
    pub(super) scope: &'a Scope,
}

/// Whose call it is, and what was called. Who brings something else finds no call.
#[derive(PartialEq)]
struct Ours {
    caller: Caller,
    scope: Scope,
    server: ServerName,
    request: Value,
}

/// A call under way. Given up when dropped.
struct Call {
    ours: Ours,
    outcome: oneshot::Receiver<Result<ServerResult, ErrorData>>,
    questions: mpsc::Receiver<Question>,
    /// What was asked, or is about to be, under the keys by which it is answered.
    open: BTreeMap<String, Question>,
    asked: usize,
    reports: Reports,
    _given_up: DropGuard,
}

/// What a round comes to.
enum Turn {
    Answered(Box<Result<ServerResult, ErrorData>>),
    Asks(InputRequests),
    Left,
}

/// Asks a server, or goes on with a call that waits for what the client brings.
pub(super) async fn ask<T: Answer + From<InputRequiredResult>>(
    engine: &Arc<Engine>,
    client: &ClientState,
    mut asked: Asked<'_>,
    context: RequestContext<RoleServer>,
) -> Result<T, ErrorData> {
    let (named, answers) = brought(&mut asked.request);
    let ours = Ours {
        caller: caller(&context.extensions),
        scope: asked.scope.clone(),
        server: asked.server.clone(),
        request: serde_json::to_value(&asked.request).unwrap_or_default(),
    };
    let rounds = &engine.gateway.rounds;
    let (left, what) = (context.ct.clone(), forward::what(&asked.request));
    let mut call = match named {
        Some(name) => rounds.take(&name, &ours, Instant::now()).ok_or_else(unknown)?.again(answers, &context),
        None => Call::begin(engine, client, ours, asked.request, context),
    };
    match call.turn(&left).await {
        Turn::Answered(result) => forward::read(asked.server, what, (*result)?),
        Turn::Asks(requests) => {
            let name =
                engine.entropy.bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            rounds.hold(name.clone(), call, Instant::now());
            Ok(InputRequiredResult::new(Some(requests), Some(name)).into())
        }
        Turn::Left => Err(error::of_ask(crate::runtime::mcp::AskError::Cancelled)),
    }
}

/// What the client brought of an earlier round, taken out of its request: the server never sees it.
fn brought(request: &mut ClientRequest) -> (Option<String>, InputResponses) {
    let (name, answers) = match request {
        ClientRequest::CallToolRequest(call) => {
            (call.params.request_state.take(), call.params.input_responses.take())
        }
        ClientRequest::GetPromptRequest(get) => {
            (get.params.request_state.take(), get.params.input_responses.take())
        }
        ClientRequest::ReadResourceRequest(read) => {
            (read.params.request_state.take(), read.params.input_responses.take())
        }
        _ => (None, None),
    };
    (name, answers.unwrap_or_default())
}

fn caller(extensions: &Extensions) -> Caller {
    let parts = extensions.get::<http::request::Parts>();
    parts.and_then(|parts| parts.extensions.get::<Caller>()).copied().unwrap_or(Caller::Stranger)
}

fn unknown() -> ErrorData {
    error::unknown("no call waits for these answers: it was given up, or is another's; call again".to_owned())
}

impl Call {
    fn begin(
        engine: &Arc<Engine>,
        client: &ClientState,
        ours: Ours,
        request: ClientRequest,
        context: RequestContext<RoleServer>,
    ) -> Self {
        let (ask, questions) = mpsc::channel(QUESTIONS);
        let (tell, outcome) = oneshot::channel();
        let gone: CancellationToken = engine.ending.child_token();
        let mut asker = client.asker_by(Reach::Rounds(ask), context);
        asker.gone = gone.clone();
        let reports = asker.reports.clone();
        let (of, server) = (Arc::clone(engine), ours.server.clone());
        engine.tasks.spawn(async move {
            // Who has left does not want to know.
            _ = tell.send(forward::ask(&of, &server, asker, request).await);
        });
        Self {
            ours,
            outcome,
            questions,
            open: BTreeMap::new(),
            asked: 0,
            reports,
            _given_up: gone.drop_guard(),
        }
    }

    /// Another round, with what the client brings.
    fn again(mut self, answers: InputResponses, context: &RequestContext<RoleServer>) -> Self {
        self.reports.go_to(&context.peer, context.meta.get_progress_token());
        for (key, answer) in answers {
            if let Some(question) = self.open.remove(&key) {
                // A server that does not wait any more does not want to know.
                _ = question.answer.send(answer);
            }
        }
        self
    }

    /// Waits for the answer, or for a question.
    async fn turn(&mut self, left: &CancellationToken) -> Turn {
        self.open.retain(|_, question| !question.answer.is_closed());
        if self.open.is_empty() {
            tokio::select! {
                biased;
                outcome = &mut self.outcome => {
                    let gone = || Err(error::of_ask(crate::runtime::mcp::AskError::Cancelled));
                    return Turn::Answered(Box::new(outcome.unwrap_or_else(|_| gone())));
                }
                Some(question) = self.questions.recv() => self.note(question),
                () = left.cancelled() => return Turn::Left,
            }
        }
        while let Ok(question) = self.questions.try_recv() {
            self.note(question);
        }
        Turn::Asks(self.open.iter().map(|(key, question)| (key.clone(), question.request.clone())).collect())
    }

    fn note(&mut self, question: Question) {
        self.asked += 1;
        self.open.insert(format!("question-{}", self.asked), question);
    }
}

impl Rounds {
    fn hold(&self, name: String, call: Call, now: Instant) {
        let mut held = self.lock();
        held.retain(|_, held| now - held.since < PATIENCE);
        let longest = held.iter().min_by_key(|(_, held)| held.since).map(|(name, _)| name.clone());
        if held.len() >= MOST
            && let Some(longest) = longest
        {
            held.remove(&longest);
        }
        held.insert(name, Held { call, since: now });
    }

    fn take(&self, name: &str, ours: &Ours, now: Instant) -> Option<Call> {
        let mut held = self.lock();
        let there = held.get(name)?;
        if there.call.ours != *ours || now - there.since >= PATIENCE {
            return None;
        }
        held.remove(name).map(|held| held.call)
    }

    /// Gives up the calls whose clients did not come back.
    pub(super) fn sweep(&self, now: Instant) {
        self.lock().retain(|_, held| now - held.since < PATIENCE);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Held>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
