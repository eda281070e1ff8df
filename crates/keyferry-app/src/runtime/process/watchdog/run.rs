//! The watchdog's own process.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Read},
    thread,
    time::{Duration, Instant},
};

use super::line::{LONGEST, Order};
use crate::runtime::process::group;

/// How long the groups have to end in order before they are killed.
const GRACE: Duration = Duration::from_secs(2);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// The body of the watchdog: reads orders until the input ends, then ends every group that is still watched, and returns.
///
/// Blocks. Lines that are no orders are passed over, however long they are. Takes at most about 2 seconds after the end of the input.
pub fn run(input: impl Read) {
    let groups = read(input);
    for &group in &groups {
        group::terminate(group);
    }
    let until = Instant::now() + GRACE;
    while Instant::now() < until && groups.iter().any(|&group| group::lives(group)) {
        thread::sleep(LOOK_EVERY);
    }
    for group in groups.into_iter().filter(|&group| group::exists(group)) {
        group::kill(group);
    }
}

fn read(input: impl Read) -> BTreeSet<u32> {
    let mut groups = BTreeSet::new();
    let mut input = BufReader::new(input);
    let mut line = Vec::with_capacity(LONGEST);
    let mut whole = true;
    loop {
        line.clear();
        match (&mut input).take(LONGEST as u64).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return groups,
            Ok(_) => {}
        }
        let ends = line.last() == Some(&b'\n');
        let order = std::str::from_utf8(&line).ok().and_then(Order::parse);
        // Only what stands alone on a line is an order; the tail of a long line is not.
        if let (true, true, Some(order)) = (whole, ends, order) {
            order.apply(&mut groups);
        }
        whole = ends;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn garbage_between_orders_is_passed_over() {
        let mut input = b"watch 10\nwatch 11\n\xff\xfe\nnonsense\n\nforget 10\n".to_vec();
        input.extend(std::iter::repeat_n(b'x', 1_000_000));
        input.extend_from_slice(b"watch 12\nwatch 13\n");
        input.extend(std::iter::repeat_n(b' ', LONGEST));
        input.extend_from_slice(b"watch 14\nwatch 15");
        assert_eq!(read(&*input), BTreeSet::from([11, 13]));
    }
}
