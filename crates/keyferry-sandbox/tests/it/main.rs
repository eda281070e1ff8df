//! The sandbox provider from outside: every rule over real sockets.

#[cfg(test)]
mod authorize;
#[cfg(test)]
mod control;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flow;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod notes;
#[cfg(test)]
mod notes_mcp;
#[cfg(test)]
mod revoke;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod stand_in;
#[cfg(test)]
mod support;
#[cfg(test)]
mod token;
