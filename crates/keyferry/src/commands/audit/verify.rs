//! `keyferry audit verify`

use keyferry_app::api::dto::AuditReport;

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    output,
    session::with_api,
};

pub(crate) async fn run(global: &Global) -> CliResult {
    let report: AuditReport = with_api(global, async |api| api.get("/audit").await).await?;
    if report.whole || global.json {
        output::data(global.json, &report, |report| match report.lines {
            1 => "The log is whole: 1 line is as it was written.".to_owned(),
            lines => format!("The log is whole: all {lines} lines are as they were written."),
        });
    }
    if report.whole {
        return Ok(());
    }
    let message = format!("the log is not what was written from line {} on", report.lines + 1);
    Err(CliError::failed("audit_broken", message).hint(
        "somebody has changed the vault's file, or it was damaged; the connections themselves are sealed. Keep a copy of the file, and restore a backup if you have one",
    ))
}
