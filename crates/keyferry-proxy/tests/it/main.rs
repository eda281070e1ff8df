//! The proxy from outside: every rule over real sockets, against the sandbox provider or, for faults, against raw bytes.

#[cfg(test)]
mod access;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod deploy;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod replicas;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod sealing;
#[cfg(test)]
mod sealing_by_client;
#[cfg(test)]
mod shutdown;
#[cfg(test)]
mod standards;
#[cfg(test)]
mod start;
#[cfg(test)]
mod store;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod traces;
#[cfg(test)]
mod updates;
