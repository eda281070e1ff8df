//! The proxy from outside.
