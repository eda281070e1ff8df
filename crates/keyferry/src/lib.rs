//! What the command `keyferry` shares with its tests: the [`replay`] of a provider file. The command itself is `main.rs`.

#[cfg(feature = "app")]
pub mod replay;
