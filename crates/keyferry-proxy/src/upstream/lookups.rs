//! Lookups under way: one for each name, for all who ask for it meanwhile.
//!
//! The system's resolver takes a thread for each until it has an answer, or gives up long after nobody waits for it any more; and there
//! are only so many threads. A name that nobody answers for must not take all of them, or no other name would be looked up.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

type Found = Result<Arc<[SocketAddr]>, Arc<io::Error>>;
type Lookup = Shared<BoxFuture<'static, Found>>;

/// The lookups under way, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookups(Arc<Mutex<HashMap<String, Lookup>>>);

// === impl Lookups ===

impl Lookups {
    /// The addresses of a name: by the lookup that is under way, or by one that begins. It goes on although nobody waits for it.
    pub(super) async fn find<F, A>(
        &self,
        name: &str,
        begin: impl FnOnce() -> F,
    ) -> io::Result<Arc<[SocketAddr]>>
    where
        F: Future<Output = io::Result<A>> + Send + 'static,
        A: Iterator<Item = SocketAddr>,
    {
        let found = self.under_way(name, begin).await;
        found.map_err(|error| again(&error))
    }

    fn under_way<F, A>(&self, name: &str, begin: impl FnOnce() -> F) -> Lookup
    where
        F: Future<Output = io::Result<A>> + Send + 'static,
        A: Iterator<Item = SocketAddr>,
    {
        let mut all = self.all();
        if let Some(lookup) = all.get(name) {
            return lookup.clone();
        }
        let lookup = begin().map(|found| found.map(Iterator::collect).map_err(Arc::new)).boxed().shared();
        all.insert(name.to_owned(), lookup.clone());
        let (all, name, end) = (self.clone(), name.to_owned(), lookup.clone());
        tokio::spawn(async move {
            let _ = end.await;
            all.all().remove(&name);
        });
        lookup
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Lookup>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The same error once more. That of the system keeps its number, which tells what became scarce.
fn again(error: &io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code),
        None => io::Error::new(error.kind(), error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        future::pending,
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use futures_util::future::join_all;
    use tokio::{sync::Semaphore, time::timeout};

    use super::*;

    fn address() -> SocketAddr {
        "192.0.2.1:443".parse().unwrap()
    }

    #[tokio::test]
    async fn who_asks_for_one_name_at_once_waits_for_one_lookup() {
        let (lookups, begun, gate) = (Lookups::default(), AtomicUsize::new(0), Arc::new(Semaphore::new(0)));
        let find = async |name| {
            let begin = || {
                begun.fetch_add(1, Ordering::Relaxed);
                let gate = Arc::clone(&gate);
                async move {
                    gate.acquire().await.unwrap().forget();
                    Ok([address()].into_iter())
                }
            };
            lookups.find(name, begin).await
        };
        let soon = Duration::from_millis(20);
        // Whoever loses patience leaves it behind for those who come later.
        assert!(timeout(soon, join_all((0..100).map(|_| find("slow.example")))).await.is_err());
        assert!(timeout(soon, join_all((0..100).map(|_| find("slow.example")))).await.is_err());
        assert_eq!(begun.load(Ordering::Relaxed), 1);
        gate.add_permits(1);
        assert_eq!(*find("slow.example").await.unwrap(), [address()]);
        // It ended, and another one is another's.
        gate.add_permits(2);
        tokio::task::yield_now().await;
        assert_eq!(*find("slow.example").await.unwrap(), [address()]);
        assert_eq!(*find("other.example").await.unwrap(), [address()]);
        assert_eq!(begun.load(Ordering::Relaxed), 3);
    }

    #[tokio::test]
    async fn a_lookup_that_never_ends_holds_up_no_other_name() {
        let lookups = Lookups::default();
        let hung = lookups.find("hung.example", pending::<io::Result<std::iter::Empty<SocketAddr>>>);
        assert!(timeout(Duration::from_millis(20), hung).await.is_err());
        let other = lookups.find("other.example", async || Ok([address()].into_iter()));
        assert_eq!(*other.await.unwrap(), [address()]);
    }

    #[tokio::test]
    async fn all_who_wait_are_told_why_there_is_no_address() {
        let lookups = Lookups::default();
        let failed: [fn() -> io::Error; 2] =
            [|| io::Error::from_raw_os_error(24), || io::Error::other("a name without an address")];
        for (error, code, text) in [(failed[0], Some(24), "Too many open files"), (failed[1], None, "a name")]
        {
            let find = async || {
                lookups.find("a.example", async move || Err::<std::iter::Empty<_>, _>(error())).await
            };
            for told in join_all([find(), find()]).await {
                let told = told.unwrap_err();
                assert_eq!(told.raw_os_error(), code);
                assert!(told.to_string().starts_with(text), "{told}");
            }
            tokio::task::yield_now().await;
        }
    }
}
