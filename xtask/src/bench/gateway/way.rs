//! A way to a server: asks, and waits for the answer.

use serde_json::{Value, json};

pub(super) trait Way {
    fn ask(&mut self, message: &Value) -> Result<Value, String>;
    fn tell(&mut self, message: &Value) -> Result<(), String>;
    /// The processes whose time counts, each with all below it.
    fn processes(&self) -> Vec<u32>;

    /// `initialize`, and all that belongs to it.
    fn open(&mut self) -> Result<(), String> {
        self.ask(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "bench", "version": "1" },
        } }))?;
        self.tell(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))
    }
}
