//! The local API over real sockets.

mod connections;
mod guard;
mod limits;
mod routes;
