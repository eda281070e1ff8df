//! The app over real sockets and with real processes, against the real sandbox provider and the real proxy.

#[cfg(test)]
mod api;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod browser;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod home;
#[cfg(test)]
mod install;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod providers;
#[cfg(test)]
mod runtime;
#[cfg(test)]
mod support;
