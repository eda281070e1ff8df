//! What is done with one connection among many, without network and without a write.

use std::path::Path;

use serde::Deserialize;

use super::{Tool, table};
use crate::step::print;

/// The targets, in microseconds.
const SEAL: f64 = 10.0;
const SCHEDULE: f64 = 20.0;

/// What the tool prints: microseconds an operation, by round.
#[derive(Deserialize)]
struct Figures {
    seal: Vec<f64>,
    open: Vec<f64>,
    first_due: Vec<f64>,
    reschedule: Vec<f64>,
    look_up: Vec<f64>,
    all_outlines_millis: f64,
}

/// Measures and prints.
pub(super) fn run(tool: &Tool, folder: &Path) -> Result<(), String> {
    let figures: Figures = tool.run(&["lookups"], folder, &[])?;
    table(
        "µs each, in 40 rounds of 2,000",
        2,
        &[
            ("a token of 800 bytes sealed", &figures.seal, Some(SEAL)),
            ("a token of 800 bytes opened", &figures.open, Some(SEAL)),
            ("the first that is due taken out and set anew", &figures.first_due, Some(SCHEDULE)),
            ("any one set to another time", &figures.reschedule, Some(SCHEDULE)),
            ("any one looked up in the vault and its journal", &figures.look_up, None),
        ],
    );
    print(&format!("\nAll of them looked up at once: {:.0} ms.", figures.all_outlines_millis));
    Ok(())
}
