//! `/api/v1`: one module for each branch of the URL tree.

pub(crate) mod audit;
pub(crate) mod catalog;
pub(crate) mod clients;
pub(crate) mod connections;
pub(crate) mod diagnostics;
pub(crate) mod events;
pub(crate) mod installs;
pub(crate) mod providers;
pub(crate) mod servers;
pub(crate) mod settings;
pub(crate) mod sign_ins;
pub(crate) mod status;
