//! `/api/v1/providers`

use axum::{Json, extract::State};
use futures_util::{StreamExt as _, stream};
use keyferry_core::{
    delivery::EnvName, id::ProviderName, provider::ProviderFile, scope::Scope, url::RedirectUri,
};

use crate::{
    api::{
        ApiError, Shared,
        dto::{Problem, Provider, ProviderDetail, ProviderList},
        extract::Named,
    },
    connections::{ConnectionError, ProxyError},
    engine::Engine,
};

/// Questions to the proxy at once.
const AT_ONCE: usize = 8;

/// `GET`: every provider, and whether the proxy holds its credentials.
pub(crate) async fn list(State(engine): Shared) -> Result<Json<ProviderList>, ApiError> {
    let questions: Vec<_> = engine.providers.set().iter().map(|file| asked(&engine, file)).collect();
    let asked = stream::iter(questions).buffered(AT_ONCE);
    let (providers, problems): (Vec<_>, Vec<_>) = asked.collect::<Vec<_>>().await.into_iter().unzip();
    let proxy_problem = problems.into_iter().flatten().next();
    Ok(Json(ProviderList { providers, proxy_problem, problems: engine.providers.problems().to_vec() }))
}

/// `GET /{name}`: one provider, with what its file says.
pub(crate) async fn show(
    State(engine): Shared,
    Named(name): Named<ProviderName>,
) -> Result<Json<ProviderDetail>, ApiError> {
    let file = engine.providers.set().get(&name).ok_or_else(|| unknown(&engine, &name))?;
    let (provider, proxy_problem) = asked(&engine, file).await;
    let redirect =
        RedirectUri::loopback(engine.address, &name).map_err(|error| ApiError::internal(&error))?;
    Ok(Json(ProviderDetail {
        provider,
        documentation_url: file.documentation_url.as_ref().map(ToString::to_string),
        notes: file.notes.clone(),
        authorization_endpoint: file.authorization.endpoint.to_string(),
        token_endpoint: file.token.endpoint.to_string(),
        revocation_endpoint: file.revocation.as_ref().map(|revocation| revocation.endpoint.to_string()),
        scopes: file.authorization.scopes.iter().map(Scope::as_str).map(str::to_owned).collect(),
        redirect_uri: redirect.as_str().to_owned(),
        environment: file.env.keys().map(EnvName::to_string).collect(),
        proxy_problem,
    }))
}

/// A provider with what the proxy knows of it, or why the proxy could not say.
async fn asked(engine: &Engine, file: &ProviderFile) -> (Provider, Option<Problem>) {
    let (configured, problem) = match engine.connections.proxy().facts(&file.name).await {
        Ok(facts) => (Some(facts.configured), None),
        // Then nothing is configured for it either.
        Err(ProxyError::UnknownProvider) => (Some(false), None),
        Err(error) => (None, Some(Problem::from(&ConnectionError::from(error)))),
    };
    let provider = Provider {
        name: file.name.to_string(),
        display_name: file.display_name.clone(),
        source: engine.providers.source(&file.name).to_owned(),
        configured,
    };
    (provider, problem)
}

fn unknown(engine: &Engine, name: &ProviderName) -> ApiError {
    let problem = Problem::new("unknown_provider", format!("there is no provider `{name}`"));
    ApiError::not_found(match engine.providers.set().nearest(name.as_str()) {
        Some(nearest) => problem.with_hint(format!("did you mean `{nearest}`?")),
        None => problem.with_hint("`keyferry provider list` shows what there is"),
    })
}
