//! Work that ends although nobody waits for it any more.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Runs a future in place, and on a task of its own once this one is dropped.
///
/// A caller that hangs up must not cut an exchange in half: the code or refresh token in it is spent as soon as the provider has
/// read it, and a half-read reply leaves a pooled connection unusable. It runs in place as long as the caller waits, since a
/// second task for each request would cost more than the rest of the proxy's own work.
pub(crate) struct Finishing<T, G>
where
    T: Send + 'static,
    G: FnOnce(T) + Send + 'static,
{
    work: Option<Work<T>>,
    alone: Option<G>,
    tasks: TaskTracker,
}

/// Runs `work`; `alone` gets its result if nobody else waits for it.
pub(crate) fn finish<T, G>(
    tasks: &TaskTracker,
    work: impl Future<Output = T> + Send + 'static,
    alone: G,
) -> Finishing<T, G>
where
    T: Send + 'static,
    G: FnOnce(T) + Send + 'static,
{
    Finishing { work: Some(Box::pin(work)), alone: Some(alone), tasks: tasks.clone() }
}

// === impl Finishing ===

impl<T, G> Unpin for Finishing<T, G>
where
    T: Send + 'static,
    G: FnOnce(T) + Send + 'static,
{
}

impl<T, G> Future for Finishing<T, G>
where
    T: Send + 'static,
    G: FnOnce(T) + Send + 'static,
{
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // Taken out while it runs: work that panics must not be run again by `drop`.
        let Some(mut work) = self.work.take() else { return Poll::Pending };
        let polled = work.as_mut().poll(cx);
        if polled.is_pending() {
            self.work = Some(work);
        }
        polled
    }
}

impl<T, G> Drop for Finishing<T, G>
where
    T: Send + 'static,
    G: FnOnce(T) + Send + 'static,
{
    fn drop(&mut self) {
        let (Some(work), Some(alone)) = (self.work.take(), self.alone.take()) else { return };
        // Outside of a runtime there is nothing left to run it on: the process is ending.
        if let Ok(runtime) = Handle::try_current() {
            self.tasks.spawn_on(async move { alone(work.await) }, &runtime);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn work_that_is_awaited_gives_its_result_and_starts_no_task() {
        let tasks = TaskTracker::new();
        assert_eq!(finish(&tasks, async { 7 }, |_| panic!("nobody left")).await, 7);
        assert!(tasks.is_empty());
    }

    #[tokio::test]
    async fn work_whose_caller_is_gone_ends_once() {
        let tasks = TaskTracker::new();
        let (release, released) = oneshot::channel::<u8>();
        let (report, reported) = oneshot::channel();
        let mut waiting = finish(&tasks, async move { released.await.unwrap() }, move |result| {
            report.send(result).unwrap();
        });
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        assert_eq!(tasks.len(), 1);
        release.send(9).unwrap();
        assert_eq!(reported.await.unwrap(), 9);
    }

    #[tokio::test]
    async fn work_that_panics_is_not_run_again() {
        let tasks = TaskTracker::new();
        let work = finish(&tasks, async { panic!("a defect") }, |()| {});
        assert!(std::panic::AssertUnwindSafe(work).catch_unwind().await.is_err());
        assert!(tasks.is_empty());
    }
}
