//! `keyferry logs`

use keyferry_app::api::dto::ServerLogs;
use keyferry_core::id::ServerName;

use crate::{cli::Global, client::Api, error::CliResult, output, session::with_api};

/// How long one question for new lines waits, in seconds.
const WAIT: u64 = 20;

/// Shows the end of a server's log.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  keyferry logs sandbox-notes --lines 20\n  keyferry logs sandbox-notes -f       and what comes"
)]
pub(crate) struct Args {
    /// The server's name
    name: ServerName,
    /// How many lines
    #[arg(short = 'n', long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    lines: u32,
    /// Go on with what comes, until you end it with Ctrl-C
    #[arg(short, long)]
    follow: bool,
}

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let base = format!("/servers/{}/logs", args.name);
    if args.follow {
        // Who ends it has seen enough: that is no failure.
        return match with_api(global, async |api| follow(global, api, &base, args.lines).await).await {
            Err(error) if error.is("interrupted") => Ok(()),
            outcome => outcome,
        };
    }
    let path = format!("{base}?lines={}", args.lines);
    let logs: ServerLogs = with_api(global, async |api| api.get(&path).await).await?;
    output::data(global.json, &logs, |logs| logs.lines.join("\n"));
    Ok(())
}

async fn follow(global: &Global, api: &Api, base: &str, lines: u32) -> CliResult {
    let mut logs: ServerLogs = api.get(&format!("{base}?lines={lines}")).await?;
    loop {
        for line in &logs.lines {
            // A document a line, for programs that read along.
            match global.json {
                true => output::line(&serde_json::Value::from(line.as_str()).to_string()),
                false => output::line(line),
            }
        }
        logs = api.get(&format!("{base}?after={}&wait={WAIT}", logs.cursor)).await?;
    }
}
