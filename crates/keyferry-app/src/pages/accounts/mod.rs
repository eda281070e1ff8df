//! `/accounts` and below: connections, as people call them.

mod change;
mod list;
mod one;
mod revoke;

pub(super) use change::{refresh, rename, sign_in};
pub(super) use list::show as list;
pub(super) use one::show;
pub(super) use revoke::{ask as ask_revoke, revoke};

use crate::api::dto::Connection;

/// What a person calls it: their own name for it, or the account's.
fn called(connection: &Connection) -> &str {
    let named = connection.label.as_deref().or(connection.account.as_deref());
    named.unwrap_or("Account without a name")
}
