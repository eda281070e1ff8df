//! What the app says to the watchdog: one order a line.

use std::{collections::BTreeSet, fmt};

/// The longest line there is, its end included.
pub(super) const LONGEST: usize = 32;
/// Far more groups than an app has servers.
const MOST_GROUPS: usize = 4_096;

/// One order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// End this group when the app is gone.
    Watch(u32),
    /// It has ended already; its number may become another's.
    Forget(u32),
}

impl Order {
    /// Reads a line; anything but an order is nothing. Groups 0 and 1 are no server's.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let (word, number) = line.trim_end_matches(['\n', '\r']).split_once(' ')?;
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let group =
            number.parse().ok().filter(|&group: &u32| digits && group > 1 && i32::try_from(group).is_ok())?;
        match word {
            "watch" => Some(Self::Watch(group)),
            "forget" => Some(Self::Forget(group)),
            _ => None,
        }
    }

    /// Does what it says to a set of groups.
    pub(super) fn apply(self, groups: &mut BTreeSet<u32>) {
        match self {
            Self::Watch(group) if groups.len() < MOST_GROUPS => _ = groups.insert(group),
            Self::Watch(_) => {}
            Self::Forget(group) => _ = groups.remove(&group),
        }
    }
}

impl fmt::Display for Order {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Watch(group) => writeln!(out, "watch {group}"),
            Self::Forget(group) => writeln!(out, "forget {group}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_reads_back() {
        for order in [Order::Watch(2), Order::Forget(4_194_304), Order::Watch(i32::MAX as u32)] {
            assert_eq!(Order::parse(&order.to_string()), Some(order));
            assert!(order.to_string().len() < LONGEST);
        }
    }

    #[test]
    fn what_is_no_order_is_nothing() {
        for bad in [
            "",
            "watch",
            "watch ",
            "watch 0",
            "watch 1",
            "watch -1",
            "watch +5",
            "watch 1 2",
            "watch 2147483648",
            "watch 99999999999999",
            "kill 5",
            "WATCH 5",
            " watch 5",
            "watch\t5",
            "forget 1",
            "watch 5x",
        ] {
            assert_eq!(Order::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_set_of_groups_is_bounded() {
        let mut groups = BTreeSet::new();
        for group in 2..100_000 {
            Order::Watch(group).apply(&mut groups);
        }
        assert_eq!(groups.len(), MOST_GROUPS);
        Order::Forget(2).apply(&mut groups);
        assert_eq!(groups.len(), MOST_GROUPS - 1);
    }
}
