//! Calls in several rounds (MCP 2026-07-28, "Multi round-trip requests"): a server's question goes out as the answer of the call, and
//! the client makes the call anew with what it answers. Meanwhile the call goes on at the server, which knows nothing of rounds.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keyferry_core::id::ServerName;
use rmcp::{
    ErrorData,
    model::{ClientRequest, InputRequiredResult, InputResponses, ServerResult},
};
use serde_json::Value;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};
use tokio_util::task::AbortOnDropHandle;

use super::{error, forward};
use crate::{
    api::Caller,
    engine::Engine,
    runtime::mcp::{AskError, Asker, Hearer, Question, Way},
    ticket::Ticket,
};

/// Calls that wait for their clients. The longest waiting makes room.
const MOST: usize = 64;
/// A client that has not come back after this long does not any more.
const LONGEST: Duration = Duration::from_secs(600);
/// Questions of one call that wait to be asked.
const QUESTIONS: usize = 16;

/// Clones are the same calls.
#[derive(Clone, Default)]
pub(crate) struct Rounds(Arc<Mutex<HashMap<Ticket, Waiting>>>);

/// Whose call it is, and which. Who says otherwise finds no call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Subject {
    pub(super) caller: Caller,
    pub(super) server: ServerName,
    pub(super) method: String,
    /// Of the tool or the prompt, or the resource's URI.
    pub(super) name: String,
}

/// What a client sends along in a round after the first.
#[derive(Default)]
pub(super) struct Answers {
    pub(super) state: Option<String>,
    pub(super) responses: Option<InputResponses>,
}

/// A call under way at a server. Dropped, it is cancelled there.
struct Flight {
    result: AbortOnDropHandle<Result<ServerResult, ErrorData>>,
    questions: mpsc::Receiver<Question>,
    hearer: Hearer,
}

/// A call whose client is to come back.
struct Waiting {
    subject: Subject,
    flight: Flight,
    asked: BTreeMap<String, oneshot::Sender<Value>>,
    since: Instant,
}

/// How a round ends.
pub(super) enum Round {
    Answered(ServerResult),
    Asks(InputRequiredResult),
}

impl Rounds {
    /// One round of a call: its first, or the one that the client's answers belong to. Dropped, the call is cancelled.
    pub(super) async fn go(
        &self,
        engine: &Arc<Engine>,
        subject: Subject,
        answers: Answers,
        mut asker: Asker,
        request: ClientRequest,
    ) -> Result<Round, ErrorData> {
        let gone = asker.gone.clone();
        let mut flight = match answers.state {
            None => Flight::start(engine, &subject.server, asker, request),
            Some(state) => {
                let hearer = std::mem::take(&mut asker.hearer);
                self.take_up(&state, &subject, answers.responses.unwrap_or_default(), hearer)?
            }
        };
        let question = tokio::select! {
            // An answer counts before a question that came with it.
            biased;
            result = &mut flight.result => {
                let result = result.map_err(|_| error::of_ask(AskError::Cancelled))?;
                return result.map(Round::Answered);
            }
            Some(question) = flight.questions.recv() => question,
            () = gone.cancelled() => return Err(error::of_ask(AskError::Cancelled)),
        };
        Ok(Round::Asks(self.park(engine, subject, flight, question)))
    }

    /// Keeps a call until its client comes back with an answer.
    fn park(
        &self,
        engine: &Arc<Engine>,
        subject: Subject,
        mut flight: Flight,
        first: Question,
    ) -> InputRequiredResult {
        let (mut requests, mut asked) = (BTreeMap::new(), BTreeMap::new());
        let mut next = Some(first);
        while let Some(Question { request, answer }) = next {
            let key = format!("question-{}", asked.len() + 1);
            requests.insert(key.clone(), request);
            asked.insert(key, answer);
            next = flight.questions.try_recv().ok();
        }
        let ticket = Ticket::from_entropy(engine.entropy.bytes());
        {
            let mut waiting = self.lock();
            if waiting.len() >= MOST
                && let Some(longest) =
                    waiting.iter().min_by_key(|(_, call)| call.since).map(|(ticket, _)| *ticket)
            {
                waiting.remove(&longest);
            }
            waiting.insert(ticket, Waiting { subject, flight, asked, since: Instant::now() });
        }
        let (rounds, ending) = (self.clone(), engine.ending.clone());
        engine.tasks.spawn(async move {
            tokio::select! {
                () = sleep(LONGEST) => {}
                () = ending.cancelled() => {}
            }
            rounds.lock().remove(&ticket);
        });
        InputRequiredResult::new(Some(requests), Some(ticket.to_string()))
    }

    /// The call that waits for these answers. What was not answered is told to the server as that.
    fn take_up(
        &self,
        state: &str,
        subject: &Subject,
        mut responses: InputResponses,
        hearer: Hearer,
    ) -> Result<Flight, ErrorData> {
        let mut all = self.lock();
        let ticket = state.parse::<Ticket>().ok();
        let ticket =
            ticket.filter(|ticket| all.get(ticket).is_some_and(|waiting| waiting.subject == *subject));
        let Some(Waiting { flight, asked, .. }) = ticket.and_then(|ticket| all.remove(&ticket)) else {
            return Err(ErrorData::invalid_params(
                "no call waits for this answer (requestState): it may have waited for too long; make the call anew",
                None,
            ));
        };
        drop(all);
        flight.hearer.succeeded_by(hearer);
        for (key, answer) in asked {
            if let Some(response) = responses.remove(&key) {
                // A server that does not wait any more has ended the call; that shows by itself.
                _ = answer.send(response);
            }
        }
        Ok(flight)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Ticket, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    fn start(engine: &Arc<Engine>, server: &ServerName, mut asker: Asker, request: ClientRequest) -> Self {
        let (ask, questions) = mpsc::channel(QUESTIONS);
        if let Some(client) = &mut asker.client {
            client.way = Way::Round(ask);
        }
        // What is gone after the first round is that round.
        asker.gone = Default::default();
        let hearer = asker.hearer.clone();
        let (engine, server) = (Arc::clone(engine), server.clone());
        let result = tokio::spawn(async move { forward::ask(&engine, &server, asker, request).await });
        Self { result: AbortOnDropHandle::new(result), questions, hearer }
    }
}
