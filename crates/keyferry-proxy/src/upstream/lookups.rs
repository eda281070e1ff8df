//! Lookups under way: one for each name, for all who ask for it meanwhile.
//!
//! The system's resolver takes a thread for each until it has an answer, or gives up long after nobody waits for it any more; and there
//! are only so many threads. A name that nobody answers for must not take all of them, or no other name would be looked up; nor must many such
//! names, which anyone has who runs a zone.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};

/// Lookups that may be under way at once. The runtime has 512 threads for them and for all else that waits: with more than that, names
/// whose servers are silent stop every lookup.
const MOST: usize = 128;

type Found = Result<Arc<[SocketAddr]>, Arc<io::Error>>;
type Lookup = Shared<BoxFuture<'static, Found>>;

/// The lookups under way, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Lookups(Arc<Mutex<HashMap<String, Lookup>>>);

// === impl Lookups ===

impl Lookups {
    /// The addresses of a name: by the lookup that is under way, or by one that begins. It goes on although nobody waits for it.
    ///
    /// # Errors
    /// The resolver's; and at once, for a name that is not being looked up yet, where too many are.
    pub(super) async fn find<F, A>(
        &self,
        name: &str,
        begin: impl FnOnce() -> F,
    ) -> io::Result<Arc<[SocketAddr]>>
    where
        F: Future<Output = io::Result<A>> + Send + 'static,
        A: Iterator<Item = SocketAddr> + 'static,
    {
        let found = self.under_way(name, begin)?.await;
        found.map_err(|error| again(&error))
    }

    fn under_way<F, A>(&self, name: &str, begin: impl FnOnce() -> F) -> io::Result<Lookup>
    where
        F: Future<Output = io::Result<A>> + Send + 'static,
        A: Iterator<Item = SocketAddr> + 'static,
    {
        let mut all = self.all();
        if let Some(lookup) = all.get(name) {
            return Ok(lookup.clone());
        }
        if all.len() >= MOST {
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, "too many names are being looked up"));
        }
        let lookup = outcome(begin()).boxed().shared();
        all.insert(name.to_owned(), lookup.clone());
        let (all, name, end) = (self.clone(), name.to_owned(), lookup.clone());
        tokio::spawn(async move {
            let _ = end.await;
            all.all().remove(&name);
        });
        Ok(lookup)
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Lookup>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a lookup came to. A panic of the resolver is a failure like any other: else the name would stay under way for ever.
async fn outcome<A>(lookup: impl Future<Output = io::Result<A>>) -> Found
where
    A: Iterator<Item = SocketAddr>,
{
    let found = AssertUnwindSafe(lookup).catch_unwind().await;
    let found = found.unwrap_or_else(|_| Err(io::Error::other("the resolver failed")));
    found.map(Iterator::collect).map_err(Arc::new)
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
    use crate::{fault::Fault, upstream::connect_fault};

    type NoAddresses = std::iter::Empty<SocketAddr>;

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
        let hung = lookups.find("hung.example", pending::<io::Result<NoAddresses>>);
        assert!(timeout(Duration::from_millis(20), hung).await.is_err());
        let other = lookups.find("other.example", async || Ok([address()].into_iter()));
        assert_eq!(*other.await.unwrap(), [address()]);
    }

    #[tokio::test]
    async fn names_that_nobody_answers_for_leave_threads_to_others() {
        let (lookups, gate) = (Lookups::default(), Arc::new(Semaphore::new(0)));
        let slow = async |name: &str| {
            let gate = Arc::clone(&gate);
            let begin = async move || {
                gate.acquire().await.unwrap().forget();
                Ok([address()].into_iter())
            };
            lookups.find(name, begin).await
        };
        let names: Vec<_> = (0..MOST).map(|number| format!("{number}.silent.example")).collect();
        let soon = Duration::from_millis(20);
        assert!(timeout(soon, join_all(names.iter().map(|name| slow(name)))).await.is_err());

        // Who asked has gone, and what was begun for them still counts.
        let refused = lookups.find("new.example", async || Ok([address()].into_iter()));
        let refused = refused.now_or_never().expect("a new name waits").unwrap_err();
        assert_eq!(connect_fault("acme", &refused), Fault::Unreachable);
        let mut joined = Box::pin(slow("0.silent.example"));
        assert!(timeout(soon, &mut joined).await.is_err(), "one that is under way is joined");

        gate.add_permits(MOST);
        assert_eq!(*joined.await.unwrap(), [address()]);
        while !lookups.all().is_empty() {
            tokio::task::yield_now().await;
        }
        let later = lookups.find("new.example", async || Ok([address()].into_iter()));
        assert_eq!(*later.await.unwrap(), [address()]);
    }

    #[tokio::test]
    async fn a_lookup_that_ends_in_a_defect_leaves_its_name_to_the_next() {
        let lookups = Lookups::default();
        let defect = async || -> io::Result<NoAddresses> { panic!("a defect, on purpose") };
        assert!(lookups.find("a.example", defect).await.is_err());
        tokio::task::yield_now().await;
        let next = lookups.find("a.example", async || Ok([address()].into_iter()));
        assert_eq!(*next.await.unwrap(), [address()]);
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
