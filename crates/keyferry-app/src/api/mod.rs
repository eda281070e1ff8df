//! The local API: the URL tree under `/api/v1`, for programs that hold the data folder's token.

pub mod dto;
mod error;
mod extract;
mod guard;
mod problem;
mod reply;
pub(crate) mod serve;

pub(crate) use error::ApiError;
