use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::flow::error::FailureClass::{self, Operator, Passing};
use ConnectionState::{Active, NeedsSignIn, RevocationPending};
use Next::{Refresh, Rest, Revoke, SignIn, Wait};
use Wanted::{Ahead, Another, Use};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// A refreshable token of an hour, received at 0.
fn hour() -> Standing {
    Standing {
        state: Active,
        received_at: at(0),
        expires_at: Some(at(3600)),
        refreshable: true,
        margin: None,
        interrupted: false,
        failure: None,
        provider_rests_until: None,
        provider_down_until: None,
        spread: Spread::default(),
    }
}

fn failed(count: u32, class: FailureClass, retry_after: Option<i64>) -> Option<Failure> {
    Some(Failure { at: at(4000), class, count, retry_after: retry_after.map(SignedDuration::from_secs) })
}

#[test]
fn a_token_is_refreshed_shortly_before_its_end_and_not_before() {
    let ends = |end: i64| Standing { expires_at: Some(at(end)), ..hour() };
    let margin = |seconds| Standing { margin: Some(SignedDuration::from_secs(seconds)), ..hour() };
    let fixed = |end: Option<i64>| Standing { refreshable: false, expires_at: end.map(at), ..hour() };
    let endless = Standing { expires_at: None, ..hour() };
    let late = Standing { spread: Spread(32_768), ..hour() };
    let table = [
        (hour(), Use, 0, Rest(Some(at(3300)))),
        (hour(), Use, 3299, Rest(Some(at(3300)))),
        (hour(), Use, 3300, Refresh),
        (hour(), Use, 3600, Refresh),
        (hour(), Use, 999_999, Refresh),
        (hour(), Another, 0, Refresh),
        // A life of seconds: a tenth of it.
        (ends(10), Use, 8, Rest(Some(at(9)))),
        (ends(10), Use, 9, Refresh),
        (ends(0), Use, 0, Refresh),
        (ends(-5), Use, 0, Refresh),
        // The provider file's own margin, and no more than a tenth of the life.
        (margin(60), Use, 3539, Rest(Some(at(3540)))),
        (margin(60), Use, 3540, Refresh),
        (margin(900), Use, 3239, Rest(Some(at(3240)))),
        (margin(900), Use, 3240, Refresh),
        // Ahead of its use, each at its own time.
        (hour(), Ahead, 3299, Rest(Some(at(3300)))),
        (late, Ahead, 3149, Rest(Some(at(3150)))),
        (late, Ahead, 3150, Refresh),
        (late, Use, 3299, Rest(Some(at(3300)))),
        // No known end.
        (endless, Use, 999_999, Rest(None)),
        (endless, Ahead, 999_999, Rest(None)),
        (endless, Another, 0, Refresh),
        // Nothing to refresh with.
        (fixed(Some(3600)), Ahead, 3599, Rest(None)),
        (fixed(Some(3600)), Ahead, 3600, Rest(None)),
        (fixed(Some(3600)), Use, 3599, Rest(Some(at(3600)))),
        (fixed(Some(3600)), Use, 3600, SignIn),
        (fixed(Some(3600)), Another, 0, SignIn),
        (fixed(None), Use, 999_999, Rest(None)),
    ];
    for (standing, wanted, now, expected) in table {
        assert_eq!(next(&standing, wanted, at(now)), expected, "{standing:?} {wanted:?} {now}");
    }
}

#[test]
fn only_an_active_connection_is_refreshed() {
    for wanted in [Ahead, Use, Another] {
        for now in [0, 3300, 999_999] {
            let of = |state| next(&Standing { state, ..hour() }, wanted, at(now));
            assert_eq!((of(NeedsSignIn), of(RevocationPending)), (SignIn, Revoke), "{wanted:?} {now}");
        }
    }
}

#[test]
fn after_a_failure_it_waits_ever_longer_and_no_longer_than_its_limit() {
    // The failure at 4000; ahead waits until, use waits until.
    let table = [
        (failed(1, Passing, None), 4001, 4001),
        (failed(2, Passing, None), 4002, 4002),
        (failed(5, Passing, None), 4016, 4016),
        (failed(6, Passing, None), 4032, 4030),
        (failed(11, Passing, None), 4900, 4030),
        (failed(u32::MAX, Passing, None), 4900, 4030),
        (failed(1, Operator, None), 4060, 4030),
        (failed(99, Operator, None), 7600, 4030),
        // What the provider asks for is obeyed by all, up to an hour.
        (failed(1, Passing, Some(0)), 4001, 4001),
        (failed(1, Passing, Some(-9)), 4001, 4001),
        (failed(1, Passing, Some(120)), 4120, 4120),
        (failed(99, Passing, Some(120)), 4900, 4120),
        (failed(1, Passing, Some(31_536_000)), 7600, 7600),
    ];
    for (failure, ahead, using) in table {
        let standing = Standing { failure, ..hour() };
        for (wanted, until) in [(Ahead, ahead), (Use, using)] {
            assert_eq!(next(&standing, wanted, at(4000)), Wait(at(until)), "{failure:?} {wanted:?}");
            assert_eq!(next(&standing, wanted, at(until)), Refresh, "{failure:?} {wanted:?}");
        }
    }
    // Who wants another token does not wait for our own pause, but for the provider's.
    let told = |seconds| Standing { failure: failed(9, Passing, seconds), ..hour() };
    assert_eq!(next(&told(None), Another, at(4000)), Refresh);
    assert_eq!(next(&told(Some(60)), Another, at(4000)), Wait(at(4060)));
    // A failure holds back what is due, and nothing else.
    let fresh = Standing { expires_at: Some(at(9000)), received_at: at(3999), ..told(None) };
    assert!(matches!(next(&fresh, Use, at(4000)), Rest(Some(_))));
    // A revocation is tried again by the same pauses.
    let ended = Standing { state: RevocationPending, ..told(None) };
    assert_eq!(next(&ended, Ahead, at(4000)), Wait(at(4256)));
    assert_eq!(next(&ended, Ahead, at(4256)), Revoke);
}

#[test]
fn a_provider_that_wants_rest_holds_back_all_of_its_connections() {
    let resting = Standing { provider_rests_until: Some(at(5000)), ..hour() };
    for wanted in [Ahead, Use, Another] {
        assert_eq!(next(&resting, wanted, at(4000)), Wait(at(5000)), "{wanted:?}");
        assert_eq!(next(&resting, wanted, at(5000)), Refresh, "{wanted:?}");
    }
    assert_eq!(next(&resting, Use, at(0)), Rest(Some(at(3300))));
    // One that does not answer is asked all the same by who insists.
    let down = Standing { provider_rests_until: None, provider_down_until: Some(at(5000)), ..resting };
    let then = [Ahead, Use, Another].map(|wanted| next(&down, wanted, at(4000)));
    assert_eq!(then, [Wait(at(5000)), Wait(at(5000)), Refresh]);
}

#[test]
fn a_refresh_that_was_cut_off_is_taken_up_at_once() {
    let cut = Standing { interrupted: true, ..hour() };
    for wanted in [Ahead, Use] {
        assert_eq!(next(&cut, wanted, at(1)), Refresh, "{wanted:?}");
        let failed_since = Standing { failure: failed(1, Passing, None), ..cut };
        assert_eq!(next(&failed_since, wanted, at(4000)), Wait(at(4001)), "{wanted:?}");
    }
    assert_eq!(next(&Standing { expires_at: None, ..cut }, Ahead, at(1)), Refresh);
}

#[test]
fn a_clock_that_jumps_costs_one_refresh_at_most() {
    let year = 365 * 86_400;
    for jump in [-3_600, -10 * year, -57 * year, 3_600, 10 * year] {
        let mut standing = hour();
        let mut refreshes = 0;
        for second in (1..600).step_by(10) {
            if next(&standing, Ahead, at(jump + second)) == Refresh {
                refreshes += 1;
                standing.received_at = at(jump + second);
                standing.expires_at = Some(at(jump + second + 3600));
            }
        }
        assert_eq!(refreshes, 1, "{jump}");
    }
    // A failure that was noted before the clock was set back does not hold for years.
    let standing = Standing { failure: failed(9, Operator, Some(3600)), ..hour() };
    assert_eq!(next(&standing, Ahead, at(-10 * year)), Refresh);
}

proptest! {
    #[test]
    fn what_rests_or_waits_is_due_when_its_time_has_come(
        (life, margin, spread) in (0..100_000_i64, 0..10_000_i64, any::<u16>()),
        (count, retry_after, now) in (0..40_u32, 0..10_000_i64, -100..200_000_i64),
        wanted in prop_oneof![Just(Ahead), Just(Use), Just(Another)],
    ) {
        let failure = (count > 0).then(|| Failure {
            at: at(now), class: Passing, count, retry_after: Some(SignedDuration::from_secs(retry_after)),
        });
        let standing = Standing {
            expires_at: Some(at(life)),
            margin: Some(SignedDuration::from_secs(margin)),
            failure,
            spread: Spread(spread),
            ..hour()
        };
        match next(&standing, wanted, at(now)) {
            Wait(until) => {
                prop_assert!(until > at(now) && until <= at(now + 3_600));
                prop_assert_eq!(next(&standing, wanted, until), Refresh);
            }
            Rest(Some(until)) => {
                prop_assert!(until > at(now) && until <= at(life));
                let then = next(&standing, wanted, until);
                prop_assert!(matches!(then, Refresh | Wait(_)), "{then:?}");
            }
            other => prop_assert_eq!(other, Refresh),
        }
    }
}
