//! The `process` runtime: a server as a child of the app.
//!
//! Each child leads a process group of its own (a Job Object on Windows), so that what it starts ends with it. A program that leaves
//! its group on purpose, as a daemon does, is out of reach of this runtime.

mod child;
pub(crate) mod environment;
pub(crate) mod group;
pub(crate) mod program;
pub mod watchdog;

pub(crate) use child::Process;
