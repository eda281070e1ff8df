//! `/oauth/…`

pub(super) mod callback;
pub(super) mod providers;
pub(super) mod revoke;
pub(super) mod token;
