//! When what failed for a server may be tried again.
//!
//! Servers are started when somebody needs them. One that can't start, or that ends soon after each start, would be started as
//! often as clients ask; so it rests for longer each time. The same holds for one that runs and can't be given newer tokens.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use keyferry_core::id::ServerName;
use tokio::time::Instant;

use super::InstallError;
use crate::{api::dto::Problem, runtime::RuntimeError};

/// The rest after the second failure in a row; each further one is twice the one before.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(60);
/// A server that ran for longer than this has not failed at its start.
const STEADY: Duration = Duration::from_secs(60);

/// The failures of each server in a row.
#[derive(Debug)]
pub(crate) struct Backoff {
    /// In words.
    failed: &'static str,
    servers: Mutex<HashMap<ServerName, Failures>>,
}

#[derive(Debug)]
struct Failures {
    in_a_row: u32,
    /// When it was started last, or when that failed.
    started: Instant,
    /// Whether that start has been counted as a failure.
    counted: bool,
}

impl Backoff {
    /// Nothing has failed yet. What does is told in these words.
    pub(crate) fn of(failed: &'static str) -> Self {
        Self { failed, servers: Mutex::default() }
    }

    /// Whether the server may be started now. `problem` is what it died of, if it did.
    pub(crate) fn may_start(
        &self,
        server: &ServerName,
        problem: Option<&RuntimeError>,
        now: Instant,
    ) -> Result<(), InstallError> {
        let mut all = self.lock();
        let Some(failures) = all.get_mut(server) else { return Ok(()) };
        let ago = now.duration_since(failures.started);
        if ago > STEADY {
            all.remove(server);
            return Ok(());
        }
        if problem.is_some() && !failures.counted {
            failures.in_a_row += 1;
            failures.counted = true;
        }
        let rest = rest(failures.in_a_row);
        if ago >= rest {
            return Ok(());
        }
        let left = (rest - ago).as_secs() + 1;
        let (code, reason) = problem.map_or(("server_resting", self.failed.to_owned()), |problem| {
            (problem.code(), problem.to_string())
        });
        let message =
            format!("{reason}; {server} failed {} times in a row and rests for {left} s", failures.in_a_row);
        Err(InstallError::Step(Problem::new(code, message).with_hint(format!(
            "see what it said: keyferry logs {server}; start it at once: keyferry start {server}"
        ))))
    }

    /// Notes a start, and whether it failed. One that succeeded may still turn out to have been for nothing.
    pub(crate) fn note(&self, server: &ServerName, failed: bool, now: Instant) {
        let mut all = self.lock();
        let failures =
            all.entry(server.clone()).or_insert(Failures { in_a_row: 0, started: now, counted: false });
        failures.in_a_row = failures.in_a_row.saturating_add(u32::from(failed));
        failures.counted = failed;
        failures.started = now;
    }

    /// The person wants it started.
    pub(crate) fn forget(&self, server: &ServerName) {
        self.lock().remove(server);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ServerName, Failures>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn rest(in_a_row: u32) -> Duration {
    match in_a_row {
        0 | 1 => Duration::ZERO,
        failures => FIRST.saturating_mul(1 << (failures - 2).min(6)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> ServerName {
        "notes".parse().unwrap()
    }

    fn died() -> RuntimeError {
        RuntimeError::Ended { server: server(), ended: "exit status: 1".to_owned(), last_lines: Vec::new() }
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_server_that_can_not_start_rests_for_longer_each_time() {
        let backoff = Backoff::of("its start failed");
        let mut now = Instant::now();
        let mut rests = Vec::new();
        for _ in 0..9 {
            backoff.note(&server(), true, now);
            let begun = now;
            while backoff.may_start(&server(), None, now).is_err() {
                now += SECOND;
            }
            rests.push((now - begun).as_secs());
        }
        assert_eq!(rests, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
    }

    #[test]
    fn a_server_that_dies_soon_after_each_start_rests_too() {
        let backoff = Backoff::of("its start failed");
        let now = Instant::now();
        backoff.note(&server(), false, now);
        assert!(backoff.may_start(&server(), Some(&died()), now).is_ok(), "the first death is forgiven");
        backoff.note(&server(), false, now);
        let error = backoff.may_start(&server(), Some(&died()), now).unwrap_err();
        assert!(error.to_string().contains("notes ended by itself"), "{error}");
        assert!(backoff.may_start(&server(), Some(&died()), now + SECOND).is_ok());
    }

    #[test]
    fn a_server_that_ran_for_long_has_no_past_and_neither_has_one_that_the_person_starts() {
        let backoff = Backoff::of("its start failed");
        let now = Instant::now();
        for _ in 0..5 {
            backoff.note(&server(), true, now);
        }
        assert!(backoff.may_start(&server(), None, now).is_err());
        assert!(backoff.may_start(&server(), Some(&died()), now + STEADY + SECOND).is_ok());
        backoff.note(&server(), true, now);
        backoff.note(&server(), true, now);
        backoff.forget(&server());
        assert!(backoff.may_start(&server(), None, now).is_ok());
    }
}
