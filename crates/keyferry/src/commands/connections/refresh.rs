//! `keyferry connections refresh`

use keyferry_app::api::dto::Connection;
use serde_json::json;

use super::{Id, show::human};
use crate::{cli::Global, error::CliResult, output, session::with_api};

pub(crate) async fn run(global: &Global, id: Id) -> CliResult {
    let path = id.path("/refresh");
    let connection: Connection = with_api(global, async |api| api.post(&path, &json!({})).await).await?;
    output::data(global.json, &connection, human);
    Ok(())
}
