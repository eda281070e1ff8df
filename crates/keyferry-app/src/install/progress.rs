//! The live record of one install: what the person sees while it runs.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use keyferry_core::{id::ServerName, url::AuthorizationUrl};
use tokio::sync::watch;

use crate::{
    api::dto::{Install, InstallState, InstallStep, Problem, StepName, StepState},
    clock::Clock,
    sign_ins::WindowState,
    ticket::Ticket,
};

/// One install as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    id: Ticket,
    server: ServerName,
    command: String,
    phase: Phase,
    window: Option<WindowState>,
    steps: Vec<Step>,
    revision: u64,
}

/// Where an install stands. The authorization URL holds `state`, so it lives no longer than the wait for the person.
#[derive(Clone, Debug)]
enum Phase {
    Working,
    WaitingForPerson(AuthorizationUrl),
    WaitingInWindow,
    Done(Vec<String>),
    Failed(Problem),
}

#[derive(Clone, Debug)]
struct Step {
    name: StepName,
    text: String,
    at: Timestamp,
    began: Instant,
    outcome: Option<(StepState, Duration)>,
}

/// Writes the record of one install.
#[derive(Debug)]
pub(crate) struct Progress {
    record: watch::Sender<Record>,
    clock: Clock,
}

impl Progress {
    pub(crate) fn new(id: Ticket, server: ServerName, command: String, clock: Clock) -> Self {
        let phase = Phase::Working;
        let record = Record { id, server, command, phase, window: None, steps: Vec::new(), revision: 1 };
        Self { record: watch::Sender::new(record), clock }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Record> {
        self.record.subscribe()
    }

    /// Begins the next step; the one before is done.
    pub(crate) fn begin(&self, name: StepName, text: impl Into<String>) {
        let at = self.clock.now();
        let step = Step { name, text: text.into(), at, began: Instant::now(), outcome: None };
        self.change(|record| {
            record.end_step(StepState::Done);
            record.phase = Phase::Working;
            record.steps.push(step);
        });
    }

    /// The step waits until the person has allowed access on this page.
    pub(crate) fn wait_for_person(&self, page: AuthorizationUrl) {
        self.change(|record| record.phase = Phase::WaitingForPerson(page));
    }

    /// The step waits until the person has signed in in this window.
    pub(crate) fn wait_in_window(&self, window: &WindowState) {
        self.change(|record| {
            record.phase = Phase::WaitingInWindow;
            record.window = Some(window.clone());
        });
    }

    /// Replaces the step's text by what came of it.
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.change(|record| {
            record.phase = Phase::Working;
            if let Some(step) = record.steps.last_mut() {
                step.text = text.into();
            }
        });
    }

    /// The install is over, and the server offers these tools.
    pub(crate) fn finish(&self, tools: Vec<String>) {
        self.change(|record| {
            record.end_step(StepState::Done);
            record.phase = Phase::Done(tools);
        });
    }

    /// The install is over without a server.
    pub(crate) fn fail(&self, problem: Problem) {
        self.change(|record| {
            record.end_step(StepState::Failed);
            record.phase = Phase::Failed(problem);
        });
    }

    fn change(&self, change: impl FnOnce(&mut Record)) {
        self.record.send_modify(|record| {
            change(record);
            record.revision += 1;
        });
    }
}

impl Record {
    pub(crate) fn revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn server(&self) -> &ServerName {
        &self.server
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Done(_) | Phase::Failed(_))
    }

    fn end_step(&mut self, state: StepState) {
        if let Some(step) = self.steps.last_mut() {
            step.outcome.get_or_insert((state, step.began.elapsed()));
        }
    }

    /// The record as the local API tells it.
    pub(crate) fn shown(&self) -> Install {
        let (state, url, tools, error) = match &self.phase {
            Phase::Working => (InstallState::Working, None, Vec::new(), None),
            Phase::WaitingForPerson(url) => {
                (InstallState::WaitingForPerson, Some(url.as_str().to_owned()), Vec::new(), None)
            }
            Phase::WaitingInWindow => (InstallState::WaitingForPerson, None, Vec::new(), None),
            Phase::Done(tools) => (InstallState::Done, None, tools.clone(), None),
            Phase::Failed(problem) => (InstallState::Failed, None, Vec::new(), Some(problem.clone())),
        };
        let unfinished = match self.phase {
            Phase::WaitingForPerson(_) | Phase::WaitingInWindow => StepState::WaitingForPerson,
            _ => StepState::Working,
        };
        let steps =
            self.steps.iter().enumerate().map(|(index, step)| step.shown(index + 1, unfinished)).collect();
        Install {
            id: self.id.to_string(),
            server: self.server.to_string(),
            state,
            revision: self.revision,
            authorization_url: url,
            window: self.window.as_ref().map(WindowState::shown),
            command: self.command.clone(),
            steps,
            tools,
            error,
        }
    }
}

impl Step {
    fn shown(&self, number: usize, unfinished: StepState) -> InstallStep {
        let (state, elapsed) = self.outcome.unwrap_or_else(|| (unfinished, self.began.elapsed()));
        InstallStep {
            number,
            name: self.name,
            state,
            text: self.text.clone(),
            at: self.at,
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        }
    }
}

/// An install whose task is gone is over, whatever ended the task.
impl Drop for Progress {
    fn drop(&mut self) {
        if !self.record.borrow().is_over() {
            self.fail(
                Problem::new("internal", "the install broke off")
                    .with_hint("the app's log says more; try again"),
            );
        }
    }
}
