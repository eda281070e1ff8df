//! `/settings` and below.

mod change;
mod list;
mod proxy;
mod session;
mod sources;

pub(super) use change::change;
pub(super) use list::show as list;
pub(super) use proxy::test as test_proxy;
pub(super) use session::close as close_session;
pub(super) use sources::{add as add_source, refresh as refresh_sources, remove as remove_source};
