//! Manifests as strings, read and judged.

mod findings;
mod forms;
mod hostile;

use serde_json::{Value, json};

use super::*;
use crate::diagnostic::Severity;

fn parse(manifest: &Value) -> Checked {
    Manifest::parse("m.json", &manifest.to_string()).unwrap_or_else(|found| panic!("{found}"))
}

/// The finding, as it is shown, of a text with exactly one error.
fn error(json: &str) -> String {
    let found = Manifest::parse("m.json", json).expect_err(json);
    let errors: Vec<_> = found.iter().filter(|one| one.severity == Severity::Error).collect();
    assert_eq!(errors.len(), 1, "{found}");
    errors[0].to_string()
}

fn with(key: &str, value: Value) -> Value {
    let mut manifest = json!({ "name": "notes", "server": { "command": "run" } });
    manifest[key] = value;
    manifest
}
