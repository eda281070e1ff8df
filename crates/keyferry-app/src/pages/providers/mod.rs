//! `/providers` and below.

mod check;
mod list;
mod one;

pub(super) use check::{ask as ask_check, check};
pub(super) use list::show as list;
pub(super) use one::show;
