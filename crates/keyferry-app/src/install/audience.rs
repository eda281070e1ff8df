//! Who waits for news of an install.
//!
//! A command asks for news again and again until the install is over. One that was killed asks no more, and its install, which may wait
//! for a person for minutes, must not keep the next try out.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::timeout};

/// How long nobody may ask before an install counts as abandoned. A command asks again at once; a program may take a moment.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Those who wait.
#[derive(Clone, Debug)]
pub(super) struct Audience(Arc<watch::Sender<Present>>);

#[derive(Debug)]
struct Present {
    count: usize,
    /// When the last one came or went.
    last: Instant,
}

/// One of them, until it is dropped.
#[derive(Debug)]
pub(crate) struct Listening(Arc<watch::Sender<Present>>);

impl Audience {
    /// Somebody waits from now on.
    pub(super) fn listen(&self) -> Listening {
        self.0.send_modify(|present| {
            present.count += 1;
            present.last = Instant::now();
        });
        Listening(Arc::clone(&self.0))
    }

    /// Whether nobody waits, and nobody comes for a while.
    pub(super) async fn has_gone(&self, patience: Duration) -> bool {
        let mut present = self.0.subscribe();
        let (count, quiet) = {
            let now = present.borrow_and_update();
            (now.count, now.last.elapsed())
        };
        count == 0
            && timeout(patience.saturating_sub(quiet), present.wait_for(|now| now.count > 0)).await.is_err()
    }
}

impl Default for Audience {
    /// Who began the install is about to ask for news of it.
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(Present { count: 0, last: Instant::now() })))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.send_modify(|present| {
            present.count = present.count.saturating_sub(1);
            present.last = Instant::now();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(30);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn who_asks_again_is_there_and_who_does_not_is_gone() {
        let audience = Audience::default();
        let first = audience.listen();
        assert!(!audience.has_gone(SHORT).await, "one waits at this moment");
        drop(first);
        let (gone, second) = tokio::join!(audience.has_gone(LONG), async { audience.listen() });
        assert!(!gone, "one asks again");
        drop(second);
        assert!(audience.has_gone(SHORT).await);
    }
}
