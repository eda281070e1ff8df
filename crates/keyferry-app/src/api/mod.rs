//! The local API under `/api/v1`.

pub mod dto;
