//! `/api/v1/servers/{name}/settings`

use axum::{Json, extract::State};
use keyferry_core::{id::ServerName, manifest::Manifest};

use crate::{
    api::{
        ApiError, Shared,
        dto::{ServerSettings, ServerSettingsChange},
        extract::{Body, Named},
    },
    catalog, install,
    vault::ServerRecord,
};

/// `GET`: what it asks of the person, and what they said. Never a secret.
#[utoipa::path(
    get, path = "/api/v1/servers/{name}/settings", operation_id = "servers_settings_show",
    tag = "servers",
    params(("name" = String, Path, description = "The name of a server", example = "sandbox-notes")),
    responses((status = 200, description = "Done", body = ServerSettings))
)]
pub(crate) async fn show(
    State(engine): Shared,
    Named(name): Named<ServerName>,
) -> Result<Json<ServerSettings>, ApiError> {
    let record = engine.record(&name).await?;
    Ok(Json(settings_of(&install::manifest_of(&record)?, &record)))
}

/// `PUT`: other settings. A server that runs is started anew with them.
#[utoipa::path(
    put, path = "/api/v1/servers/{name}/settings", operation_id = "servers_settings_change",
    tag = "servers",
    params(("name" = String, Path, description = "The name of a server", example = "sandbox-notes")),
    request_body = ServerSettingsChange,
    responses((status = 200, description = "Done", body = ServerSettings))
)]
pub(crate) async fn change(
    State(engine): Shared,
    Named(name): Named<ServerName>,
    Body(change): Body<ServerSettingsChange>,
) -> Result<Json<ServerSettings>, ApiError> {
    let record = engine.record(&name).await?;
    let manifest = install::manifest_of(&record)?;
    let mut values = change.values;
    for spec in manifest.user_config.iter().filter(|spec| spec.sensitive) {
        let key = spec.key.to_string();
        if let Some(kept) = record.settings.get(&key) {
            values.entry(key).or_insert_with(|| kept.clone());
        }
    }
    install::reconfigure(&engine, &name, values).await?;
    show(State(engine), Named(name)).await
}

/// The settings of an installed server.
fn settings_of(manifest: &Manifest, record: &ServerRecord) -> ServerSettings {
    let fields: Vec<_> = manifest.user_config.iter().map(catalog::field).collect();
    let is_secret = |key: &str| fields.iter().any(|field| field.key == key && field.sensitive);
    let given = record.settings.iter();
    ServerSettings {
        server: record.name.to_string(),
        secrets_given: given.clone().map(|(key, _)| key.clone()).filter(|key| is_secret(key)).collect(),
        values: given
            .filter(|(key, _)| !is_secret(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
        fields,
    }
}
