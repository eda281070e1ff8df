//! How many connections each address has: one caller with many idle ones must not keep all others out.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::limits::address::household;

/// The addresses with a connection. No more of them than connections, so it has a bound.
#[derive(Clone)]
pub(crate) struct Peers {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

/// One connection of an address, counted until it is dropped.
pub(crate) struct Peer {
    peers: Peers,
    address: IpAddr,
}

// === impl Peers ===

impl Peers {
    pub(crate) fn new(most: usize) -> Self {
        Self { open: Arc::default(), most }
    }

    /// Counts a connection; none when the address has its share already.
    pub(crate) fn admit(&self, address: IpAddr) -> Option<Peer> {
        let address = household(address);
        let mut open = self.open();
        let count = open.get(&address).copied().unwrap_or_default();
        if count >= self.most {
            return None;
        }
        open.insert(address, count + 1);
        drop(open);
        Some(Peer { peers: self.clone(), address })
    }

    fn open(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let mut open = self.peers.open();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_no_more() {
        let peers = Peers::new(2);
        let table = [
            ["192.0.2.1", "192.0.2.1", "192.0.2.2"],
            ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"],
            ["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1"],
        ];
        for [one, same, other] in table.map(|row| row.map(|text| text.parse::<IpAddr>().unwrap())) {
            let first = peers.admit(one).unwrap();
            let _second = peers.admit(same).unwrap();
            assert!(peers.admit(one).is_none() && peers.admit(same).is_none(), "{one}");
            assert!(peers.admit(other).is_some(), "{other}");
            drop(first);
            assert!(peers.admit(one).is_some(), "{one}");
        }
        assert!(peers.open().is_empty(), "an address without a connection is kept");
    }

    #[test]
    fn a_share_of_none_lets_nobody_in() {
        assert!(Peers::new(0).admit(IpAddr::from([192, 0, 2, 1])).is_none());
    }
}
