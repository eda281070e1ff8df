//! What is logged, at the most talkative level: never a secret.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use keyferry_sandbox::{Fault, Target, consent};
use serde_json::json;

use crate::{notes_mcp, support::*};

/// Everything that was logged in this test's thread.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_is_logged_at_any_level() {
    let captured = Captured::default();
    let writer = captured.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let sandbox = sandbox_with(|config| config.limits.codes = 3).await;
    let first = tokens(&sandbox).await;
    let second = refresh(&sandbox, first.refresh()).await.tokens();
    let client = notes_mcp::connect(&sandbox, &second.access).await;
    notes_mcp::call(&client, "whoami", json!({})).await;
    sandbox.faults().once(Target::Api, Fault::DropBefore);
    notes_mcp::call(&client, "whoami", json!({})).await;
    refresh(&sandbox, first.refresh()).await;
    for _ in 0..3 {
        consent::approve(&authorization_url(&sandbox, good_request())).await.unwrap();
    }
    let logged = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains("no authorization code was issued"), "nothing was captured");
    for secret in sandbox.ledger() {
        assert!(!logged.contains(&secret));
    }
}
