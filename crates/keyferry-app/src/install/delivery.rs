//! Which tokens the running servers were given, so that none works on with those before.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use keyferry_core::id::ServerName;

/// The generation of the tokens that each running server was started with.
#[derive(Debug, Default)]
pub(crate) struct Deliveries(Mutex<HashMap<ServerName, u64>>);

impl Deliveries {
    /// The server runs with these tokens.
    pub(crate) fn note(&self, server: &ServerName, generation: u64) {
        self.lock().insert(server.clone(), generation);
    }

    /// The server runs no more, or is about to be started anew.
    pub(crate) fn forget(&self, server: &ServerName) {
        self.lock().remove(server);
    }

    /// Whether the server was given exactly these tokens.
    pub(crate) fn is(&self, server: &ServerName, generation: u64) -> bool {
        self.lock().get(server) == Some(&generation)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ServerName, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
