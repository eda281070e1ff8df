//! Lists of manifests at URLs: fetched with limits, kept in the data folder, and read from there when nobody answers.

mod error;
mod fetch;
mod store;

pub(crate) use error::FetchError;
pub(super) use fetch::Fetcher;
pub(super) use store::{Store, Stored, StoredManifest, Validators};
