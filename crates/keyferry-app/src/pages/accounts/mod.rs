//! `/accounts` and below: connections, as people call them.

mod again;
mod change;
mod list;
mod one;
mod revoke;

pub(super) use again::{ask as ask_sign_in, sign_in};
pub(super) use change::{refresh, rename};
pub(super) use list::show as list;
pub(super) use one::show;
pub(super) use revoke::{ask as ask_revoke, revoke};

use crate::api::dto::Connection;

/// What a person calls it: their own name for it, or the account's, or its service's.
fn called(connection: &Connection) -> String {
    let named = connection.label.as_ref().or(connection.account.as_ref());
    named.cloned().unwrap_or_else(|| format!("{} account", connection.provider_display_name))
}
