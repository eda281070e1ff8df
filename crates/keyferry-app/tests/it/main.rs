//! The app over real sockets and with real processes, against the real sandbox provider and the real proxy.

#[cfg(test)]
mod runtime;
