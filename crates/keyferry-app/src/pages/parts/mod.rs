//! What pages are made of.

mod button;
mod card;
mod icon;
mod notice;
mod prose;
mod time;

pub(super) use button::{Kind, button, sends};
pub(super) use card::{badge, empty, initials, plural};
pub(super) use icon::Icon;
pub(super) use notice::{notice, problem, problems};
pub(super) use prose::prose;
pub(super) use time::{Times, day};
