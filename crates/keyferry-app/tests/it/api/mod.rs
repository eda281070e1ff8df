//! The local API over real sockets.

mod connections;
mod events;
mod guard;
mod limits;
mod openapi;
mod routes;
mod settings;
