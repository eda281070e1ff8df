//! The switches: a queue for each target, worked off one request at a time.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde::{Deserialize, Serialize};

use super::kind::{Fault, GrantType, Target};

/// Most switches that wait at once.
const MOST_SWITCHES: usize = 1_000;

/// A fault that is switched on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Where it strikes.
    pub target: Target,
    /// What happens.
    pub fault: Fault,
    /// For how many requests; `None` until it is cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// At the token endpoint: only for requests of this grant type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantType>,
}

/// The handle on all fault switches. Each request takes the first switch that fits it, so switches added one
/// after another strike one after another.
#[derive(Debug, Default)]
pub struct Faults {
    switches: Mutex<VecDeque<Switch>>,
}

// === impl Switch ===

impl Switch {
    /// A fault for the next `times` requests at `target`.
    #[must_use]
    pub fn times(target: Target, fault: Fault, times: u32) -> Self {
        Self { target, fault, times: Some(times), grant: None }
    }

    /// A fault for every request at `target`, until it is cleared.
    #[must_use]
    pub fn forever(target: Target, fault: Fault) -> Self {
        Self { target, fault, times: None, grant: None }
    }

    /// The same, for token requests of one grant type only.
    #[must_use]
    pub fn only(self, grant: GrantType) -> Self {
        Self { grant: Some(grant), ..self }
    }

    fn fits(&self, target: Target, grant: Option<GrantType>) -> bool {
        self.target == target && (self.grant.is_none() || self.grant == grant)
    }
}

// === impl Faults ===

impl Faults {
    /// Adds a switch behind those that wait; false when a thousand do.
    pub fn add(&self, switch: Switch) -> bool {
        let mut switches = self.lock();
        let room = switches.len() < MOST_SWITCHES;
        if room && switch.times != Some(0) {
            switches.push_back(switch);
        }
        room
    }

    /// Adds a fault for the next request at `target`.
    pub fn once(&self, target: Target, fault: Fault) {
        self.add(Switch::times(target, fault, 1));
    }

    /// Switches everything off.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What is switched on, in the order in which it strikes.
    #[must_use]
    pub fn switches(&self) -> Vec<Switch> {
        self.lock().iter().cloned().collect()
    }

    /// The fault for one request; it counts as used.
    pub(super) fn take(&self, target: Target, grant: Option<GrantType>) -> Option<Fault> {
        let mut switches = self.lock();
        let at = switches.iter().position(|switch| switch.fits(target, grant))?;
        let switch = switches.get_mut(at)?;
        let fault = switch.fault.clone();
        if let Some(times) = &mut switch.times {
            *times -= 1;
            if *times == 0 {
                switches.remove(at);
            }
        }
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Switch>> {
        self.switches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switches_strike_in_order_and_as_often_as_they_say() {
        let faults = Faults::default();
        faults.add(Switch::times(Target::Token, Fault::Html, 2).only(GrantType::RefreshToken));
        faults.add(Switch::times(Target::Token, Fault::NotUtf8, 0));
        faults.add(Switch::forever(Target::Token, Fault::DropBefore));
        assert_eq!(faults.take(Target::Api, None), None);
        assert_eq!(faults.take(Target::Token, None), Some(Fault::DropBefore));
        for expected in [Fault::Html, Fault::Html, Fault::DropBefore, Fault::DropBefore] {
            assert_eq!(faults.take(Target::Token, Some(GrantType::RefreshToken)), Some(expected));
        }
        faults.clear();
        assert_eq!(faults.take(Target::Token, None), None);
    }

    #[test]
    fn the_queue_of_switches_is_bounded() {
        let faults = Faults::default();
        let added = (0..2_000).filter(|_| faults.add(Switch::forever(Target::Api, Fault::Html))).count();
        assert_eq!(added, 1_000);
    }
}
