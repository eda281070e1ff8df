//! The one place that asks for the time.

use jiff::Timestamp;

#[expect(
    clippy::disallowed_methods,
    reason = "the proxy's edge; everything else takes the time as an argument"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}
