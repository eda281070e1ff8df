//! What clients can see of a server without using it, made small.

use rmcp::model::{ServerPeerInfo, Tool};
use sha2::{Digest as _, Sha256};

/// SHA-256 of what a server said of itself and of the tools that it listed. Prompts and resources are not looked at: a server whose
/// prompts depend on the account says so when they change, as any server must.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Face([u8; 32]);

impl Face {
    pub(crate) fn of(info: &ServerPeerInfo, tools: &[Tool]) -> Self {
        // By way of a value, whose keys are in order.
        let shown = serde_json::to_value((info, tools)).unwrap_or_default();
        Self(Sha256::digest(shown.to_string()).into())
    }
}
