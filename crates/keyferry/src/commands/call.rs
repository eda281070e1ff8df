//! `keyferry call`

use keyferry_core::id::ServerName;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output,
    session::with_api,
};

/// Calls a tool.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  keyferry call sandbox-notes list_notes
  keyferry call sandbox-notes add_note '{\"text\": \"hello\"}'

Exit code 1 when the tool itself reports an error.")]
pub(crate) struct Args {
    /// The server's name
    server: ServerName,
    /// The tool's name
    tool: String,
    /// The arguments, a JSON object
    #[arg(value_name = "JSON", default_value = "{}")]
    arguments: String,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let arguments: Map<String, Value> = serde_json::from_str(&args.arguments).map_err(|error| {
        CliError::usage(format!("the arguments are not a JSON object: {error}"))
            .hint("such as '{\"text\": \"hello\"}'")
    })?;
    // Which names tools have is up to the server: escaped, none leads to another path.
    let tool = utf8_percent_encode(&args.tool, NON_ALPHANUMERIC);
    let path = format!("/servers/{}/tools/{tool}", args.server);
    let result: Value = with_api(global, async |api| api.post(&path, &arguments).await).await?;
    output::data(global.json, &result, answer);
    if result.get("isError").and_then(Value::as_bool).unwrap_or(false) {
        return Err(CliError::failed("tool_error", format!("{} reports an error", args.tool)));
    }
    Ok(())
}

/// The texts of a tool's answer; what is no text as JSON.
pub(crate) fn answer(result: &Value) -> String {
    let content = result.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let texts: Vec<_> = content
        .iter()
        .map(|part| part.get("text").and_then(Value::as_str).map_or_else(|| part.to_string(), str::to_owned))
        .collect();
    texts.join("\n")
}
