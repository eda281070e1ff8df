//! The local API over real sockets.

mod guard;
mod limits;
mod routes;
