//! The `container` runtime: a server in a container of Podman's or Docker's, over the API that both speak.
//!
//! A container gets as little as it can do with: no capabilities, no new privileges, a read-only root, bounded memory, processors and
//! processes, a user of its own, and of this machine only what the person named. Nothing that an image or a manifest says of itself
//! becomes a mount, a user or a privilege.
//!
//! - `find`, `service`, `engine`: which engine there is, or is started, and what it can do
//! - `images`: pulled, built, imported; `linked`: whether our own program can be one
//! - `spec`, `mounts`: what a container is asked to be
//! - `running`, `streams`: one container, and the attached streams
//! - `containers`: what the supervisor holds; `marks`: whose containers are whose

mod containers;
mod engine;
mod find;
mod images;
mod linked;
mod marks;
pub(crate) mod mounts;
mod running;
mod service;
mod spec;
mod streams;

pub use containers::{Containers, ContainersConfig};
pub use engine::Facts;
pub use images::BaseImage;
pub(crate) use running::Container;
