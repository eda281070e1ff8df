//! The exchanges that are under way, and who waits for which.
//!
//! Any number may wait for one exchange, but its answer is kept under the first keys alone: who asks over and over with ever new keys, and
//! hangs up each time, would else fill the memory meanwhile, and push the kept answers of others out at its end.

use std::{collections::HashMap, sync::Arc};

use tokio::sync::watch::Receiver;

use super::{
    Answer, Identity,
    key::{Keeper, Place},
};

/// The keys under which one exchange's answer is kept. With more of them, one caller's exchange takes more of the room that all share.
pub(super) const MOST_KEEPERS: usize = 8;

/// One exchange's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct FlightId(u64);

/// The exchanges under way. As many as there are requests, which the proxy bounds.
#[derive(Default)]
pub(super) struct UnderWay {
    flights: HashMap<FlightId, Flight>,
    by_identity: HashMap<Identity, FlightId>,
    by_place: HashMap<Place, ([u8; 32], FlightId)>,
    next: u64,
}

struct Flight {
    identity: Option<Identity>,
    /// Those whose answer is to be kept: at most [`MOST_KEEPERS`].
    keepers: Vec<Keeper>,
    answer: Receiver<Option<Arc<Answer>>>,
}

// === impl UnderWay ===

impl UnderWay {
    /// Whether another request with the same key is under way.
    pub(super) fn is_of_another(&self, keeper: &Keeper) -> bool {
        let found = self.by_place.get(&keeper.place());
        found.is_some_and(|(fingerprint, _)| *fingerprint != keeper.fingerprint())
    }

    /// Joins the exchange of the same key, or else of an equal request. Gives the keeper back where there is none.
    ///
    /// Beyond [`MOST_KEEPERS`] the answer is given, but not kept under the key, which then belongs to no request yet.
    pub(super) fn join(
        &mut self,
        identity: Option<Identity>,
        keeper: Option<Keeper>,
    ) -> Result<Receiver<Option<Arc<Answer>>>, Option<Keeper>> {
        let of_key = keeper.as_ref().and_then(|keeper| self.by_place.get(&keeper.place()));
        let (of_key, known) = (of_key.map(|(_, id)| *id), of_key.is_some());
        let id = of_key.or_else(|| self.by_identity.get(&identity?).copied());
        let Some((id, flight)) = id.and_then(|id| Some((id, self.flights.get_mut(&id)?))) else {
            return Err(keeper);
        };
        if let Some(keeper) = keeper.filter(|_| !known && flight.keepers.len() < MOST_KEEPERS) {
            self.by_place.insert(keeper.place(), (keeper.fingerprint(), id));
            flight.keepers.push(keeper);
        }
        Ok(flight.answer.clone())
    }

    /// Notes an exchange that begins; not one that nobody could join.
    pub(super) fn begin(
        &mut self,
        identity: Option<Identity>,
        keeper: Option<Keeper>,
        answer: Receiver<Option<Arc<Answer>>>,
    ) -> Option<FlightId> {
        if identity.is_none() && keeper.is_none() {
            return None;
        }
        let id = FlightId(self.next);
        self.next += 1;
        if let Some(identity) = identity {
            self.by_identity.insert(identity, id);
        }
        if let Some(keeper) = &keeper {
            self.by_place.insert(keeper.place(), (keeper.fingerprint(), id));
        }
        self.flights.insert(id, Flight { identity, keepers: keeper.into_iter().collect(), answer });
        Some(id)
    }

    /// Forgets an exchange. Gives those whose answer is to be kept.
    pub(super) fn end(&mut self, id: FlightId) -> Vec<Keeper> {
        let Some(flight) = self.flights.remove(&id) else { return Vec::new() };
        if let Some(identity) = flight.identity {
            self.by_identity.remove(&identity);
        }
        for keeper in &flight.keepers {
            self.by_place.remove(&keeper.place());
        }
        flight.keepers
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.flights.is_empty() && self.by_identity.is_empty() && self.by_place.is_empty()
    }
}
