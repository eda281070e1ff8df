//! Keeps one server: starts it, notices its end, stops it. One order at a time, in the order they came.

use std::sync::Arc;

use keyferry_core::id::ServerName;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    start::{End, Running, start},
    watch::Seen,
};
use crate::runtime::{RuntimeError, ServerStatus, Start, instance::Instance, mcp::Succession};

type Outcome = Result<ServerStatus, RuntimeError>;

/// Callers that share one start; further ones wait to ask.
const MOST_WAITING: usize = 256;

/// What is asked of a keeper.
pub(super) enum Order {
    Start {
        launch: Box<Start>,
        reply: oneshot::Sender<Outcome>,
    },
    /// A start beside the one that runs, whose place it then takes.
    Replace {
        launch: Box<Start>,
        reply: oneshot::Sender<Outcome>,
    },
    Stop {
        reply: oneshot::Sender<Outcome>,
    },
}

pub(super) struct Keeper {
    server: ServerName,
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
    seen: watch::Sender<Seen>,
    starts: u32,
    /// Servers that another has replaced, until their last calls are over. Dropped, they are killed.
    replaced: JoinSet<()>,
}

impl Keeper {
    pub(super) fn new(
        server: ServerName,
        shared: Arc<Shared>,
        orders: mpsc::Receiver<Order>,
        seen: watch::Sender<Seen>,
    ) -> Self {
        Self { server, shared, orders, seen, starts: 0, replaced: JoinSet::new() }
    }

    /// Runs until nobody can place an order any more; a server that runs then is killed.
    pub(super) async fn run(mut self) {
        let mut running: Option<Running> = None;
        loop {
            let order = match &mut running {
                None => self.orders.recv().await,
                Some(server) => tokio::select! {
                    order = self.orders.recv() => order,
                    end = server.ended() => {
                        if let Some(server) = running.take() {
                            self.died(server, end).await;
                        }
                        continue;
                    }
                },
            };
            while self.replaced.try_join_next().is_some() {}
            match order {
                None => return,
                Some(Order::Start { reply, .. }) if running.is_some() => _ = reply.send(Ok(self.status())),
                Some(Order::Start { reply, .. } | Order::Replace { reply, .. })
                    if self.shared.is_closing() =>
                {
                    _ = reply.send(Err(RuntimeError::ShuttingDown));
                }
                Some(Order::Start { launch, reply }) => running = self.start(*launch, reply).await,
                Some(Order::Replace { launch, reply }) => {
                    running = match running.take() {
                        Some(old) => self.replace(old, *launch, reply).await,
                        None => self.start(*launch, reply).await,
                    };
                }
                Some(Order::Stop { reply }) => {
                    let outcome = self.stop(running.take()).await;
                    _ = reply.send(outcome);
                }
            }
        }
    }

    /// One start, shared by all who ask while it is under way, and given up when somebody asks for a stop.
    async fn start(&mut self, launch: Start, reply: oneshot::Sender<Outcome>) -> Option<Running> {
        let runtime = launch.runtime();
        self.seen.send_modify(|seen| seen.starting(runtime));
        let (mut waiting, mut stop) = (vec![reply], None);
        let cancel = CancellationToken::new();
        let attempt = start(Arc::clone(&self.shared), launch, cancel.clone());
        tokio::pin!(attempt);
        let outcome = loop {
            tokio::select! {
                outcome = &mut attempt => break outcome,
                // What is ordered after a stop is another start's.
                order = self.orders.recv(), if stop.is_none() && waiting.len() < MOST_WAITING => match order {
                    Some(Order::Start { reply, .. } | Order::Replace { reply, .. }) => waiting.push(reply),
                    Some(Order::Stop { reply }) => {
                        cancel.cancel();
                        stop = Some(reply);
                    }
                    None => return None,
                },
            }
        };
        let (running, outcome) = self.started(outcome, stop.is_some(), Succession::Start).await;
        for reply in waiting {
            _ = reply.send(outcome.clone());
        }
        if let Some(reply) = stop {
            _ = reply.send(Ok(self.status()));
        }
        running
    }

    /// Starts another beside the one that runs. As long as it is not up, the old one serves as if nothing was.
    async fn replace(
        &mut self,
        mut old: Running,
        launch: Start,
        reply: oneshot::Sender<Outcome>,
    ) -> Option<Running> {
        let cancel = CancellationToken::new();
        let attempt = start(Arc::clone(&self.shared), launch, cancel.clone());
        tokio::pin!(attempt);
        let (mut waiting, mut stop, mut died) = (vec![reply], None, None);
        let outcome = loop {
            tokio::select! {
                outcome = &mut attempt => break outcome,
                end = old.ended(), if died.is_none() => {
                    self.seen.send_modify(|seen| seen.session = None);
                    died = Some(end);
                }
                order = self.orders.recv(), if stop.is_none() && waiting.len() < MOST_WAITING => match order {
                    Some(Order::Start { reply, .. } | Order::Replace { reply, .. }) => waiting.push(reply),
                    Some(Order::Stop { reply }) => {
                        cancel.cancel();
                        stop = Some(reply);
                    }
                    None => return None,
                },
            }
        };
        let (running, outcome) = match (outcome, died, stop.is_some()) {
            (outcome, None, false) => match outcome {
                Ok(new) => {
                    let (running, outcome) = self.started(Ok(new), false, Succession::Replacement).await;
                    self.retire(old);
                    (running, outcome)
                }
                // The old one goes on.
                Err(error) => (Some(old), Err(error)),
            },
            (outcome, Some(end), stopped) => {
                self.died(old, end).await;
                self.started(outcome, stopped, Succession::Start).await
            }
            (outcome, None, true) => {
                _ = self.stop(Some(old)).await;
                self.started(outcome, true, Succession::Start).await
            }
        };
        for reply in waiting {
            _ = reply.send(outcome.clone());
        }
        if let Some(reply) = stop {
            self.stop_replaced().await;
            _ = reply.send(Ok(self.status()));
        }
        running
    }

    /// Lets a server's last calls end, and then the server.
    fn retire(&mut self, old: Running) {
        let (shared, server) = (Arc::clone(&self.shared), self.server.clone());
        self.replaced.spawn(async move {
            let limits = &shared.config.limits;
            if timeout(limits.call, old.session.drained()).await.is_err() {
                tracing::warn!(%server, "calls on a server that was replaced are cut off, for they take too long");
            }
            if let Err(error) = old.stop(limits).await {
                tracing::warn!(%server, %error, "a server that was replaced was left behind");
            }
        });
    }

    /// A server that ended by itself.
    async fn died(&mut self, server: Running, end: End) {
        self.seen.send_modify(|seen| seen.session = None);
        let problem = server.explain(end, &self.shared.config.limits).await;
        tracing::warn!(server = %self.server, error = problem.code(), "a server ended by itself");
        self.seen.send_modify(|seen| seen.failed(problem));
    }

    /// Ends those that were replaced, whatever calls they are at: the person wants the server to stop.
    async fn stop_replaced(&mut self) {
        self.replaced.shutdown().await;
    }

    async fn started(
        &mut self,
        outcome: Result<Running, RuntimeError>,
        stop: bool,
        succession: Succession,
    ) -> (Option<Running>, Outcome) {
        let stopped = RuntimeError::StoppedMeanwhile { server: self.server.clone() };
        match outcome {
            // It was just up when the order to stop came.
            Ok(running) if stop => {
                _ = self.stop(Some(running)).await;
                (None, Err(stopped))
            }
            Ok(running) => {
                let at = (self.shared.config.now)();
                let restarts = self.starts;
                // A replacement is no restart: the server goes on.
                if succession == Succession::Start {
                    self.starts += 1;
                }
                self.seen.send_modify(|seen| {
                    if succession == Succession::Start {
                        seen.status.restarts = restarts;
                    }
                    let (session, delivered) = (running.session.clone(), running.delivered.clone());
                    seen.running(running.instance(), at, running.tool_count, session, delivered);
                });
                running.session.takes_over(succession);
                let instance = running.instance();
                tracing::info!(
                    server = %self.server,
                    runtime = instance.map(|instance| tracing::field::display(instance.kind())),
                    pid = instance.and_then(Instance::pid),
                    container = instance.and_then(Instance::container),
                    "a server runs"
                );
                (Some(running), Ok(self.status()))
            }
            Err(error) if stop => {
                self.seen.send_modify(Seen::stopped);
                (None, Err(if error == stopped { error } else { stopped }))
            }
            Err(error) => {
                self.seen.send_modify(|seen| seen.failed(error.clone()));
                (None, Err(error))
            }
        }
    }

    async fn stop(&mut self, running: Option<Running>) -> Outcome {
        self.stop_replaced().await;
        let Some(running) = running else {
            self.seen.send_modify(Seen::stopped);
            return Ok(self.status());
        };
        // From here on, nobody gets the session any more.
        self.seen.send_modify(|seen| seen.session = None);
        let outcome = running.stop(&self.shared.config.limits).await;
        match outcome {
            Ok(()) => self.seen.send_modify(Seen::stopped),
            Err(error) => {
                self.seen.send_modify(|seen| seen.failed(error.clone()));
                return Err(error);
            }
        }
        Ok(self.status())
    }

    fn status(&self) -> ServerStatus {
        self.seen.borrow().status.clone()
    }
}
