//! `/api/v1/settings`

use axum::{Json, extract::State, http::StatusCode};
use keyferry_core::url::Endpoint;

use crate::{
    api::{
        ApiError, Shared,
        dto::{Problem, ProxyTest, ProxyTestRequest, SettingChange, SettingList, SettingState},
        extract::{Body, Named},
    },
    connections::{ConnectionError, ProxyClient},
    engine::Engine,
    events::Change,
    settings::{self, EditError, FILE_NAME, Key, NewValue, Standing},
};

/// `GET`: every setting, and who said so.
#[utoipa::path(
    get, path = "/api/v1/settings", operation_id = "settings_list", tag = "settings",
    responses((status = 200, description = "Done", body = SettingList))
)]
pub(crate) async fn list(State(engine): Shared) -> Result<Json<SettingList>, ApiError> {
    let standing = engine.settings.standing().map_err(EditError::from)?;
    Ok(Json(SettingList {
        settings: standing.iter().map(shown).collect(),
        file: engine.settings.data_folder.join(FILE_NAME).display().to_string(),
        vault_key: engine.vault.key_description().to_owned(),
    }))
}

/// `PATCH /{key}`: writes it into the settings file, or takes it out. It holds from the next start on.
#[utoipa::path(
    patch, path = "/api/v1/settings/{key}", operation_id = "settings_change", tag = "settings",
    params(("key" = String, Path, description = "The key of a setting", example = "open_browser")),
    request_body = SettingChange,
    responses((status = 200, description = "Done", body = SettingState))
)]
pub(crate) async fn change(
    State(engine): Shared,
    Named(key): Named<Key>,
    Body(SettingChange { value }): Body<SettingChange>,
) -> Result<Json<SettingState>, ApiError> {
    if !key.is_changeable() {
        let problem = Problem::new("setting_not_changeable", format!("`{key}` can't be changed here"));
        let hint = match key {
            Key::CatalogSources => "use /api/v1/catalog/sources, or `keyferry catalog sources`",
            _ => "write it into the settings file yourself, and start the app again",
        };
        return Err(ApiError::new(StatusCode::CONFLICT, problem.with_hint(hint)));
    }
    let _turn = engine.editing.lock().await;
    settings::edit(&engine.settings, key, value.map(NewValue::Text))?;
    engine.events.tell(Change::Settings);
    let standing = engine.settings.standing().map_err(EditError::from)?;
    let changed = standing.iter().find(|standing| standing.key == key).map(shown);
    changed.map(Json).ok_or_else(|| ApiError::internal(&"a setting is not in its table"))
}

/// `POST /proxy-test`: asks a proxy for its providers, and says what was found.
#[utoipa::path(
    post, path = "/api/v1/settings/proxy-test", operation_id = "settings_test_proxy",
    tag = "settings", request_body = ProxyTestRequest,
    responses((status = 200, description = "Done", body = ProxyTest))
)]
pub(crate) async fn test_proxy(
    State(engine): Shared,
    Body(ProxyTestRequest { url }): Body<ProxyTestRequest>,
) -> Result<Json<ProxyTest>, ApiError> {
    let url = match url {
        None => engine.settings.proxy_url.clone(),
        Some(text) => Endpoint::parse(&text).map_err(|error| {
            let problem = Problem::new("bad_url", format!("this can't be a proxy's URL: {error}"));
            ApiError::bad_request(
                problem.with_hint("use https://…, or plain http on this machine's loopback"),
            )
        })?,
    };
    Ok(Json(tried(&engine, url).await?))
}

/// What is found at a proxy. Our access key goes to the proxy that it is for, and to no other.
pub(crate) async fn tried(engine: &Engine, url: Endpoint) -> Result<ProxyTest, ApiError> {
    let access_key = engine.settings.proxy_access_key.clone().filter(|_| url == engine.settings.proxy_url);
    let client = ProxyClient::new(url.clone(), access_key).map_err(|error| ApiError::internal(&error))?;
    let url = url.to_string();
    Ok(match client.list().await {
        Ok(listed) => ProxyTest {
            url,
            works: true,
            providers: Some(listed.len()),
            configured: listed.into_iter().filter(|one| one.configured).map(|one| one.name).collect(),
            problem: None,
        },
        Err(error) => {
            let problem = Some(Problem::from(&ConnectionError::from(error)));
            ProxyTest { url, works: false, providers: None, configured: Vec::new(), problem }
        }
    })
}

/// A setting as the local API tells it.
pub(crate) fn shown(standing: &Standing) -> SettingState {
    SettingState {
        key: standing.key.name().to_owned(),
        variable: standing.key.variable(),
        values: standing.values.clone(),
        is_set: standing.is_set,
        is_secret: standing.key.is_secret(),
        origin: standing.origin.as_ref().map(ToString::to_string),
        changeable: standing.key.is_changeable(),
        pending: standing.pending.clone(),
    }
}

impl From<EditError> for ApiError {
    fn from(error: EditError) -> Self {
        Self::new(error.status(), Problem::new(error.code(), error.to_string()).with_hint(error.hint()))
    }
}
