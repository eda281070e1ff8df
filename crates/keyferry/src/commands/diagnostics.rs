//! `keyferry diagnostics`

use std::{
    fs::OpenOptions,
    io::Write as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output,
    session::with_api,
};

/// Gathers what whoever helps needs to know.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  keyferry diagnostics\n  keyferry diagnostics --out report.json\n\nVersions, settings, states of servers and accounts, and the ends of logs; no token, no value of a server's setting, no name of an\naccount. Look through it before you pass it on: what a server wrote into its log is the server's."
)]
pub(crate) struct Args {
    /// The file to write, readable by you alone; nothing may be there yet
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let report: Value = with_api(global, async |api| api.get("/diagnostics").await).await?;
    let text = format!("{report:#}\n");
    let Some(file) = args.out else {
        output::line(&text);
        return Ok(());
    };
    write(&file, &text).map_err(|error| {
        CliError::failed("unwritable", format!("{} can't be written: {error}", file.display()))
            .hint("name a file that is not there yet")
    })?;
    let told = serde_json::json!({ "file": file });
    output::data(global.json, &told, |_| {
        format!("{} has it; look through it before you pass it on", file.display())
    });
    Ok(())
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)?.write_all(text.as_bytes())
}
