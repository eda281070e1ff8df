//! When a connection's access token is refreshed. Nothing else decides it.

use jiff::{SignedDuration, Timestamp};

use crate::vault::{ConnectionRecord, ConnectionState};

/// The most time before its end at which a token is refreshed, where its provider file does not say. A call that starts now may still use the token a while later.
const MARGIN: SignedDuration = SignedDuration::from_mins(5);

/// What has to be done before the access token can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// A refresh.
    Refresh,
    /// The person.
    SignIn,
}

/// What `connection` needs at `now`. `margin` is the provider file's own, in seconds; `refreshes` says whether its tokens can be
/// refreshed at all.
#[must_use]
pub fn need(connection: &ConnectionRecord, margin: Option<u64>, refreshes: bool, now: Timestamp) -> Need {
    let received_at = connection.refreshed_at.unwrap_or(connection.created_at);
    rule(
        connection.state,
        received_at,
        connection.tokens.expires_at,
        refreshes && connection.tokens.refresh_token.is_some(),
        margin
            .map_or(MARGIN, |seconds| SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))),
        now,
    )
}

/// A token is refreshed `margin` before its end, or a tenth of its life where that is less, so that one with a life of seconds is not
/// refreshed all the time. One without a known end is used until somebody is told that it is dead.
fn rule(
    state: ConnectionState,
    received_at: Timestamp,
    expires_at: Option<Timestamp>,
    refreshable: bool,
    margin: SignedDuration,
    now: Timestamp,
) -> Need {
    if state != ConnectionState::Active {
        return Need::SignIn;
    }
    let Some(expires_at) = expires_at else { return Need::Nothing };
    let life = expires_at.duration_since(received_at).max(SignedDuration::ZERO);
    let left = expires_at.duration_since(now);
    match refreshable {
        true if left <= margin.min(life / 10) => Need::Refresh,
        false if left <= SignedDuration::ZERO => Need::SignIn,
        _ => Need::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_refreshed_shortly_before_its_end_and_not_before() {
        use ConnectionState::{Active, NeedsSignIn, RevocationPending};
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        // state, end, refreshable, now; received at 0.
        let table = [
            (Active, Some(3600), true, 0, Need::Nothing),
            (Active, Some(3600), true, 3299, Need::Nothing),
            (Active, Some(3600), true, 3300, Need::Refresh),
            (Active, Some(3600), true, 999_999, Need::Refresh),
            (Active, Some(3600), true, -999_999, Need::Nothing),
            (Active, Some(10), true, 8, Need::Nothing),
            (Active, Some(10), true, 9, Need::Refresh),
            (Active, Some(0), true, 0, Need::Refresh),
            (Active, Some(3600), false, 3599, Need::Nothing),
            (Active, Some(3600), false, 3600, Need::SignIn),
            (Active, None, true, 999_999, Need::Nothing),
            (Active, None, false, 999_999, Need::Nothing),
            (NeedsSignIn, Some(3600), true, 0, Need::SignIn),
            (RevocationPending, Some(3600), true, 0, Need::SignIn),
        ];
        for (state, end, refreshable, now, expected) in table {
            let found = rule(state, at(0), end.map(at), refreshable, MARGIN, at(now));
            assert_eq!(found, expected, "{state:?} {end:?} {refreshable} {now}");
        }
        for (margin, life, now, expected) in [
            (60, 3600, 3539, Need::Nothing),
            (60, 3600, 3540, Need::Refresh),
            (900, 3600, 3240, Need::Refresh),
        ] {
            let margin = SignedDuration::from_secs(margin);
            let found = rule(Active, at(0), Some(at(life)), true, margin, at(now));
            assert_eq!(found, expected, "{margin} {now}");
        }
    }
}
