//! Keeps one server: starts it, notices its end, stops it. One order at a time, in the order they came.

use std::sync::Arc;

use keyferry_core::id::ServerName;
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Shared,
    start::{Running, start},
    watch::Seen,
};
use crate::runtime::{RuntimeError, ServerStatus, Start};

type Outcome = Result<ServerStatus, RuntimeError>;

/// Callers that share one start; further ones wait to ask.
const MOST_WAITING: usize = 256;

/// What is asked of a keeper.
pub(super) enum Order {
    Start { launch: Box<Start>, reply: oneshot::Sender<Outcome> },
    Stop { reply: oneshot::Sender<Outcome> },
}

pub(super) struct Keeper {
    server: ServerName,
    shared: Arc<Shared>,
    orders: mpsc::Receiver<Order>,
    seen: watch::Sender<Seen>,
    starts: u32,
}

impl Keeper {
    pub(super) fn new(
        server: ServerName,
        shared: Arc<Shared>,
        orders: mpsc::Receiver<Order>,
        seen: watch::Sender<Seen>,
    ) -> Self {
        Self { server, shared, orders, seen, starts: 0 }
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
                        self.seen.send_modify(|seen| seen.session = None);
                        let problem = match running.take() {
                            Some(server) => server.explain(end, &self.shared.config.limits).await,
                            None => continue,
                        };
                        tracing::warn!(server = %self.server, error = problem.code(), "a server ended by itself");
                        self.seen.send_modify(|seen| seen.failed(problem));
                        continue;
                    }
                },
            };
            match order {
                None => return,
                Some(Order::Start { reply, .. }) if running.is_some() => _ = reply.send(Ok(self.status())),
                Some(Order::Start { reply, .. }) if self.shared.is_closing() => {
                    _ = reply.send(Err(RuntimeError::ShuttingDown));
                }
                Some(Order::Start { launch, reply }) => running = self.start(*launch, reply).await,
                Some(Order::Stop { reply }) => {
                    let outcome = self.stop(running.take()).await;
                    _ = reply.send(outcome);
                }
            }
        }
    }

    /// One start, shared by all who ask while it is under way, and given up when somebody asks for a stop.
    async fn start(&mut self, launch: Start, reply: oneshot::Sender<Outcome>) -> Option<Running> {
        self.seen.send_modify(Seen::starting);
        let (mut waiting, mut stop) = (vec![reply], None);
        let cancel = CancellationToken::new();
        let attempt = start(Arc::clone(&self.shared), launch, cancel.clone());
        tokio::pin!(attempt);
        let outcome = loop {
            tokio::select! {
                outcome = &mut attempt => break outcome,
                // What is ordered after a stop is another start's.
                order = self.orders.recv(), if stop.is_none() && waiting.len() < MOST_WAITING => match order {
                    Some(Order::Start { reply, .. }) => waiting.push(reply),
                    Some(Order::Stop { reply }) => {
                        cancel.cancel();
                        stop = Some(reply);
                    }
                    None => return None,
                },
            }
        };
        let (running, outcome) = self.started(outcome, stop.is_some()).await;
        for reply in waiting {
            _ = reply.send(outcome.clone());
        }
        if let Some(reply) = stop {
            _ = reply.send(Ok(self.status()));
        }
        running
    }

    async fn started(
        &mut self,
        outcome: Result<Running, RuntimeError>,
        stop: bool,
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
                self.starts += 1;
                self.seen.send_modify(|seen| {
                    seen.status.restarts = restarts;
                    seen.running(running.id(), at, running.tool_count, running.session.clone());
                });
                tracing::info!(server = %self.server, pid = ?running.id(), "a server runs");
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
