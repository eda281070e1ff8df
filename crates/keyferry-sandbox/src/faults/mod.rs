//! Faults on demand: what real providers have been seen to do wrong, switched on for the next few requests.

mod apply;
mod bodies;
pub(crate) mod control;
mod kind;
mod plan;
mod reshape;

pub(crate) use apply::layer;
pub use kind::{Fault, GrantType, Target};
pub use plan::{Faults, Switch};
