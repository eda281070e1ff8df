//! `/clients` and below.

mod change;
mod list;
mod one;

pub(super) use change::{connect, disconnect};
pub(super) use list::show as list;
pub(super) use one::show;
