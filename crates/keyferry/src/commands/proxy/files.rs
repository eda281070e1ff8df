//! How many files the proxy may have open: as many as the system lets it, and no more connections than they are enough for.

use keyferry_proxy::Limits;

/// Raises this process's limit of open files, and makes the proxy's fit where that is not enough.
///
/// The limit that a process starts with is often 1,024, for programs that know no more; the hard one above it is what the machine's
/// owner means.
pub(super) fn fit(limits: &mut Limits) {
    let wanted = limits.files();
    let Some(files) = raise(u64::try_from(wanted).unwrap_or(u64::MAX)) else { return };
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    if limits.fit(files) {
        tracing::warn!(
            files,
            wanted,
            connections = limits.connections,
            requests = limits.requests,
            "this process may open too few files for its connections, so it takes fewer: raise its limit (ulimit -n, LimitNOFILE=)"
        );
    }
}

/// The limit of open files, once it has been raised; none where there is none.
#[cfg(unix)]
fn raise(wanted: u64) -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let current = current?;
    // macOS has a hard limit that it does not grant; what is wanted may do there.
    for higher in [maximum, Some(wanted.min(maximum.unwrap_or(u64::MAX)))] {
        let is_higher = higher.is_none_or(|files| files > current);
        if is_higher && setrlimit(Resource::Nofile, Rlimit { current: higher, maximum }).is_ok() {
            return higher;
        }
    }
    Some(current)
}

#[cfg(not(unix))]
fn raise(_: u64) -> Option<u64> {
    None
}
