//! One request of a client, or of the app itself, to a server: sent, followed, and cancelled when nobody waits any more.

use std::time::Duration;

use rmcp::{
    ErrorData, RoleClient,
    model::{ClientRequest, GetExtensions as _, ProgressNotification, ServerResult},
    service::{PeerRequestOptions, RequestHandle, ServiceError},
};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use super::{Asker, Session};
use crate::runtime::RuntimeError;

/// However much progress a call makes, and however often the server asks the person: after this many limits it is over.
const MOST_LIMITS: u32 = 60;
/// How long a client may take to take in one report of progress.
const REPORT: Duration = Duration::from_secs(5);

/// Why there is no result.
#[derive(Debug)]
pub(crate) enum AskError {
    /// The server's own error, word for word.
    Server(ErrorData),
    /// It could not be asked, or did not answer.
    Runtime(RuntimeError),
    /// Nobody waits for the answer any more.
    Cancelled,
}

impl Session {
    /// Asks, and passes on what the server reports meanwhile. The limit for a call begins anew with each report, and stands while
    /// the server waits for the client. Cancelled when dropped.
    pub(crate) async fn ask(
        &self,
        asker: Asker,
        mut request: ClientRequest,
        what: &str,
    ) -> Result<ServerResult, AskError> {
        let begun = Instant::now();
        let limit = self.limits.call;
        let place = timeout_at(begun + limit, self.calls.acquire()).await;
        let place = place.map_err(|_| AskError::Runtime(self.timed_out(what)))?;
        // Another session has taken this one's place; nothing was sent.
        let replaced = || AskError::Runtime(RuntimeError::NotRunning { server: self.server.clone() });
        let _place = place.map_err(|_| replaced())?;
        let mut ongoing = self.switchboard.begin(&self.server, self.number, asker.clone());
        request.extensions_mut().insert(ongoing.tag);
        let options = PeerRequestOptions::no_options().with_meta(asker.meta.clone());
        let sent = self.peer.send_cancellable_request(request, options).await;
        let mut flight = Flight(Some(sent.map_err(|error| self.ask_error(error, what))?));
        let mut deadline = begun + limit;
        loop {
            let Some(handle) = flight.0.as_mut() else { return Err(AskError::Cancelled) };
            tokio::select! {
                // What was reported before the answer is passed on before it.
                biased;
                Some(progress) = ongoing.reported() => {
                    deadline = Instant::now() + limit;
                    if let Some((client, token)) = asker.reports.place() {
                        let mut progress = progress;
                        progress.progress_token = token;
                        let report = client.send_notification(ProgressNotification::new(progress).into());
                        _ = timeout(REPORT, report).await;
                    }
                }
                answer = &mut handle.rx => {
                    flight.0 = None;
                    let answer = answer.unwrap_or(Err(ServiceError::TransportClosed));
                    return answer.map_err(|error| self.ask_error(error, what));
                }
                () = asker.hung_up.cancelled() => return Err(AskError::Cancelled),
                () = asker.gone.cancelled() => return Err(AskError::Cancelled),
                () = sleep_until(deadline) => {
                    if !ongoing.is_asking() || begun.elapsed() > limit * MOST_LIMITS {
                        return Err(AskError::Runtime(self.timed_out(what)));
                    }
                    deadline = Instant::now() + limit;
                }
            }
        }
    }

    fn timed_out(&self, what: &str) -> RuntimeError {
        let (server, what) = (self.server.clone(), what.to_owned());
        RuntimeError::TimedOut { server, what, limit: self.limits.call }
    }

    fn ask_error(&self, error: ServiceError, what: &str) -> AskError {
        match error {
            ServiceError::McpError(data) => AskError::Server(data),
            error => AskError::Runtime(self.call_error(error, what)),
        }
    }
}

/// A request that is on its way. Dropped before its answer, the server is told that nobody waits for it.
struct Flight(Option<RequestHandle<RoleClient>>);

impl Drop for Flight {
    fn drop(&mut self) {
        if let Some(handle) = self.0.take() {
            tokio::spawn(async move { handle.cancel(Some("nobody waits for the answer".to_owned())).await });
        }
    }
}
