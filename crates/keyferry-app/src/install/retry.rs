//! A failed install, tried once more from where it stopped.

use std::sync::Arc;

use keyferry_core::{
    id::FactName,
    manifest::{Manifest, OauthSignIn},
};

use super::{InstallError, begin, connect, plan};
use crate::{
    api::{
        ApiError,
        dto::{AuthMethod, Install, InstallRequest},
        v1::installs::unknown,
    },
    engine::Engine,
    ticket::Ticket,
};

/// Begins an install of what another was asked for. An account that the person had allowed by then is used; they are not asked again.
pub(crate) async fn retry(engine: &Arc<Engine>, id: Ticket) -> Result<Install, ApiError> {
    let asked = engine.installs.asked(id).ok_or_else(unknown)?;
    let connection = match asked.auth {
        Some(AuthMethod::Oauth) => allowed(engine, &asked).await?,
        Some(AuthMethod::Browser) | None => None,
    };
    let asked = match connection {
        Some(connection) => InstallRequest { auth: None, connection: Some(connection), ..asked },
        None => asked,
    };
    Ok(begin(engine, asked).await?)
}

/// The account that the try before had come to.
async fn allowed(engine: &Engine, asked: &InstallRequest) -> Result<Option<String>, InstallError> {
    let manifest: Manifest = plan::manifest(engine, &asked.manifest)?;
    let OauthSignIn::Provider { provider, scopes, .. } = &manifest.sign_in.oauth else { return Ok(None) };
    let config =
        asked.config.iter().filter_map(|(name, value)| Some((name.parse::<FactName>().ok()?, value.clone())));
    let found = connect::left_behind(engine, provider, &config.collect(), scopes).await?;
    Ok(found.map(|id| id.to_string()))
}
