//! The sandbox provider from outside: every rule over real sockets.

#[cfg(test)]
mod flow;
#[cfg(test)]
mod support;
