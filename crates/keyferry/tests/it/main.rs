//! The real program, run as a person runs it.

#[cfg(test)]
mod alone;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod bad_requests;
#[cfg(test)]
mod bridge;
#[cfg(test)]
mod catalog;
#[cfg(test)]
mod certified;
#[cfg(test)]
mod challenge;
#[cfg(test)]
mod connect;
#[cfg(test)]
mod connections;
#[cfg(test)]
mod demo;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod disk;
#[cfg(test)]
mod docs;
#[cfg(test)]
#[cfg(unix)]
mod ended;
#[cfg(test)]
mod files;
#[cfg(test)]
#[cfg(unix)]
mod foreign;
#[cfg(test)]
mod help;
#[cfg(test)]
mod interrupted;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod lifecycle;
#[cfg(test)]
mod logging;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod provider_files;
#[cfg(test)]
mod provider_new;
#[cfg(test)]
mod provider_page;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod proxy;
#[cfg(test)]
mod proxy_keys;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod replay_findings;
#[cfg(test)]
mod rotation;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod scarce;
#[cfg(test)]
#[cfg(unix)]
mod schemathesis;
#[cfg(test)]
mod settings_page;
#[cfg(test)]
mod support;
#[cfg(test)]
mod usage;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod vault;
#[cfg(test)]
mod whole_path;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod window;
