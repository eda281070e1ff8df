//! `/catalog` and below.

mod account;
mod card;
mod choice;
mod form;
mod icon;
mod install;
mod list;
mod one;

pub(super) use icon::show as icon;
pub(super) use install::begin;
pub(super) use list::show as list;
pub(super) use one::show;
