//! Other settings for a server that is installed.

use std::collections::BTreeMap;

use keyferry_core::{id::ServerName, manifest::Manifest};
use serde_json::Value;

use super::{InstallError, launch, running};
use crate::{api::ApiError, catalog, engine::Engine, runtime::ServerState, vault::ServerRecord};

/// The manifest of an installed server.
pub(crate) fn manifest_of(record: &ServerRecord) -> Result<Manifest, InstallError> {
    let origin = format!("the manifest of {}", record.name);
    match Manifest::parse(&origin, &record.manifest) {
        Ok(checked) => Ok(checked.manifest),
        Err(findings) => Err(InstallError::Unusable(catalog::unusable(&origin, &findings))),
    }
}

/// Checks settings as an install does, keeps them, and starts the server anew with them where it runs.
pub(crate) async fn reconfigure(
    engine: &Engine,
    name: &ServerName,
    given: BTreeMap<String, Value>,
) -> Result<(), InstallError> {
    {
        let _turn = engine.turns.of(name).await;
        let record = engine.record(name).await.map_err(step)?;
        let manifest = manifest_of(&record)?;
        launch::prepare(engine, &manifest, record.folder.as_deref(), &given, record.runtime)?;
        engine.vault.save_server(&ServerRecord { settings: given, ..record }).await?;
    }
    if engine.servers.status(name).state != ServerState::Stopped {
        running::restart(engine, name).await.map_err(step)?;
    }
    Ok(())
}

fn step(error: ApiError) -> InstallError {
    InstallError::Step(error.problem().clone())
}
