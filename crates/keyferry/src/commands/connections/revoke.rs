//! `keyferry connections revoke`

use keyferry_app::api::dto::RevocationReport;

use super::{Id, told};
use crate::{cli::Global, error::CliResult, output, session::with_api};

pub(crate) async fn run(global: &Global, id: Id) -> CliResult {
    let path = id.path("");
    let report: RevocationReport = with_api(global, async |api| api.delete(&path).await).await?;
    output::data(global.json, &report, told);
    Ok(())
}
