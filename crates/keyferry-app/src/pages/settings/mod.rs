//! `/settings` and below.

mod list;
mod proxy;
mod session;

pub(super) use list::show as list;
pub(super) use proxy::test as test_proxy;
pub(super) use session::close as close_session;
