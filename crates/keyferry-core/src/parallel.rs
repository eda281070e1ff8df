//! Many things at once, on as many threads as the machine has use for.

use std::{num::NonZeroUsize, thread};

/// Fewer things than this a thread are not worth another one.
const WORTH: usize = 64;

/// Does the same with each of many things, and gives what came of them in their order.
///
/// # Panics
/// When `work` does.
pub fn map<T: Sync, R: Send>(things: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(things.len() / WORTH);
    if threads < 2 {
        return things.iter().map(work).collect();
    }
    let (share, work) = (things.len().div_ceil(threads), &work);
    thread::scope(|scope| {
        let begun: Vec<_> = things
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<_>>()))
            .collect();
        let done = begun.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        done.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn things_keep_their_order_however_many_work_on_them() {
        for count in [0, 1, 63, 127, 128, 1_000] {
            let things: Vec<usize> = (0..count).collect();
            assert!(
                super::map(&things, |thing| thing * 2).into_iter().eq(things.iter().map(|thing| thing * 2))
            );
        }
        let threads: HashSet<_> =
            super::map(&[(); 1_000], |()| std::thread::current().id()).into_iter().collect();
        let machine = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
        assert_eq!(threads.len(), machine.min(1_000 / 64));
    }
}
