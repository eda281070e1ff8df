//! Prints the JSON Schema of the provider file: what `cargo xtask schema` publishes.

use std::io::{self, Write as _};

fn main() -> io::Result<()> {
    let schema = serde_json::to_string_pretty(&keyferry_core::provider::schema())?;
    writeln!(io::stdout(), "{schema}")
}
