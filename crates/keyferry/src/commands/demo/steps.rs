//! The steps as they are told, each with its time since the one before.

use std::time::Instant;

use serde_json::{Value, json};

use crate::output;

/// What was told so far.
pub(super) struct Steps {
    json: bool,
    begun: Instant,
    last: Instant,
    told: Vec<Value>,
    path: Vec<String>,
}

impl Steps {
    pub(super) fn begin(json: bool) -> Self {
        let now = Instant::now();
        Self { json, begun: now, last: now, told: Vec::new(), path: Vec::new() }
    }

    /// A step is done.
    pub(super) fn done(&mut self, text: &str) {
        let took = self.last.elapsed().as_millis();
        self.last = Instant::now();
        if !self.json {
            output::line(&format!("{took:>6} ms  {text}"));
        }
        self.told.push(json!({ "step": text, "elapsed_ms": u64::try_from(took).unwrap_or(u64::MAX) }));
    }

    /// What was seen on the tokens' way.
    pub(super) fn path(&mut self, seen: &[String]) {
        if !self.json {
            output::line("\nThe tokens' way, as it was seen:");
            for hop in seen {
                output::line(&format!("           {hop}"));
            }
            output::line("");
        }
        self.path = seen.to_vec();
        self.last = Instant::now();
    }

    /// The end, with the tools' real answers.
    pub(super) fn end(&self, answer: &Value) {
        let took = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let all = json!({ "steps": self.told, "path": self.path, "answer": answer, "elapsed_ms": took });
        output::data(self.json, &all, |_| {
            let notes = answer.get("notes").and_then(Value::as_str).unwrap_or_default();
            format!("\nThe server's answer:\n{notes}\n\nDone in {took} ms.")
        });
    }
}
