//! `keyferry uninstall`

use keyferry_app::api::dto::UninstallReport;

use super::{connections::told, named::Args};
use crate::{cli::Global, error::CliResult, output, session::with_api};

pub(crate) async fn run(global: &Global, args: Args) -> CliResult {
    let path = format!("/servers/{}", args.name);
    let report: UninstallReport = with_api(global, async |api| api.delete(&path).await).await?;
    output::data(global.json, &report, |report| {
        let connection = report.connection.as_ref().map(told).unwrap_or_default();
        format!("{} is gone. {connection}", report.server).trim_end().to_owned()
    });
    Ok(())
}
