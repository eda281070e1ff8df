//! `/api/v1/providers`

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use keyferry_core::{
    delivery::{EnvName, with_refresh_token},
    diagnostic::{Diagnostic, Severity},
    flow::client::Method,
    id::{FactName, ProviderName},
    provider::{ConfigField, ProviderFile, Redirect, takes_place},
    scope::{Scope, Scopes},
    url::RedirectUri,
};

use crate::{
    api::{
        ApiError, Shared,
        dto::{
            Finding, FindingSeverity, Problem, Provider, ProviderCheck, ProviderCheckRequest, ProviderConfig,
            ProviderDetail, ProviderList,
        },
        extract::{Body, Named},
    },
    browser,
    connections::{ConnectionError, ProviderFacts, ProxyError},
    engine::Engine,
    providers::{self, Snapshot},
};

/// `GET`: every provider, and whether the proxy holds its credentials.
#[utoipa::path(
    get, path = "/api/v1/providers", operation_id = "providers_list", tag = "providers",
    responses((status = 200, description = "Done", body = ProviderList))
)]
pub(crate) async fn list(State(engine): Shared) -> Result<Json<ProviderList>, ApiError> {
    let (listed, proxy_problem) = match providers::learn(&engine).await {
        Ok(listed) => (Some(listed), None),
        Err(error) => (None, Some(Problem::from(&ConnectionError::from(error)))),
    };
    let listed: Option<BTreeMap<_, _>> =
        listed.as_ref().map(|all| all.iter().map(|told| (told.name.as_str(), told)).collect());
    let now = engine.providers.now();
    let row = |file: &Arc<ProviderFile>| {
        // The proxy has no part in a sign-in without OAuth; what it does not know is not configured there.
        let listed = listed.as_ref().filter(|_| file.oauth().is_some());
        let told = listed.and_then(|listed| listed.get(file.name.as_str()));
        let configured = listed.map(|_| told.is_some_and(|told| told.configured));
        shown(&now, file, configured, told.and_then(|told| told.allowed_hosts.clone()))
    };
    let providers = now.set().iter().map(row).collect();
    Ok(Json(ProviderList { providers, proxy_problem, problems: now.problems().to_vec() }))
}

/// `GET /{name}`: one provider, with what its file says.
#[utoipa::path(
    get, path = "/api/v1/providers/{name}", operation_id = "providers_show", tag = "providers",
    params(("name" = String, Path, description = "The name of a provider", example = "jira")),
    responses((status = 200, description = "Done", body = ProviderDetail))
)]
pub(crate) async fn show(
    State(engine): Shared,
    Named(name): Named<ProviderName>,
) -> Result<Json<ProviderDetail>, ApiError> {
    let file = providers::find(&engine, &name).await;
    let now = engine.providers.now();
    let file = &*file.ok_or_else(|| unknown(&now, &name))?;
    // The proxy has no part in a sign-in without OAuth.
    if file.oauth().is_none() {
        return Ok(Json(detail(&engine, file, shown(&now, file, None, None), None, None)?));
    }
    let facts = engine.connections.proxy().facts(&file.name).await;
    let at_proxy = facts.as_ref().ok().and_then(|facts| facts.redirect_uri.clone());
    let (provider, proxy_problem) = told(&now, file, facts);
    Ok(Json(detail(&engine, file, provider, at_proxy, proxy_problem)?))
}

/// `POST /check`: what is wrong with a file that somebody pasted, and how it is understood. Nothing of it is kept.
#[utoipa::path(
    post, path = "/api/v1/providers/check", operation_id = "providers_check", tag = "providers",
    request_body = ProviderCheckRequest,
    responses((status = 200, description = "Done", body = ProviderCheck))
)]
pub(crate) async fn check(
    State(engine): Shared,
    Body(ProviderCheckRequest { name, text }): Body<ProviderCheckRequest>,
) -> Result<Json<ProviderCheck>, ApiError> {
    let name = name.as_deref().unwrap_or("pasted").parse::<ProviderName>();
    let name = name.map_err(|error| {
        let problem = Problem::new("bad_provider_name", error.to_string());
        ApiError::bad_request(problem.with_hint("the provider's name is the file's, without .toml"))
    })?;
    let shown = format!("{name}.toml");
    let (findings, provider) = match ProviderFile::parse(name, &shown, &text) {
        Err(findings) => (findings.iter().cloned().collect(), None),
        Ok(checked) => {
            let replaced = takes_place(&shown, &checked.file);
            let findings: Vec<_> = checked.warnings.iter().cloned().chain(replaced).collect();
            let provider = Provider {
                name: checked.file.name.to_string(),
                display_name: checked.file.display_name.clone(),
                source: "pasted".to_owned(),
                configured: None,
                allowed_hosts: None,
            };
            (findings, Some(detail(&engine, &checked.file, provider, None, None)?))
        }
    };
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    Ok(Json(ProviderCheck {
        usable: provider.is_some(),
        errors,
        warnings: findings.len() - errors,
        findings: findings.into_iter().map(finding).collect(),
        provider,
    }))
}

fn finding(found: Diagnostic) -> Finding {
    Finding {
        severity: match found.severity {
            Severity::Error => FindingSeverity::Error,
            Severity::Warning => FindingSeverity::Warning,
        },
        line: found.line,
        column: found.column,
        message: found.message,
        hint: found.hint,
    }
}

/// What a file says. A redirect URI of the proxy's is the proxy's to tell.
fn detail(
    engine: &Engine,
    file: &ProviderFile,
    provider: Provider,
    at_proxy: Option<String>,
    proxy_problem: Option<Problem>,
) -> Result<ProviderDetail, ApiError> {
    let oauth = file.oauth();
    let revocation = oauth.and_then(|oauth| oauth.revocation.as_ref());
    let redirect_uri = match oauth.map(|oauth| oauth.authorization.redirect) {
        None => None,
        Some(Redirect::Proxy) => at_proxy,
        Some(Redirect::Loopback) => {
            let own = RedirectUri::loopback(engine.address, &file.name);
            Some(own.map_err(|error| ApiError::internal(&error))?.as_str().to_owned())
        }
    };
    Ok(ProviderDetail {
        provider,
        text: file.source.to_string(),
        documentation_url: file.documentation_url.as_ref().map(ToString::to_string),
        notes: file.notes.clone(),
        sign_in: if oauth.is_some() { "oauth" } else { "browser" }.to_owned(),
        authorization_endpoint: oauth.map(|oauth| oauth.authorization.endpoint.to_string()),
        token_endpoint: oauth.map(|oauth| oauth.token.endpoint.to_string()),
        revocation_endpoint: revocation.map(|revocation| revocation.endpoint.to_string()),
        revocation_method: revocation
            .filter(|revocation| revocation.method != Method::Post)
            .map(|revocation| revocation.method.as_str().to_owned()),
        scopes: oauth.map(|oauth| words(&oauth.authorization.scopes)).unwrap_or_default(),
        redirect_uri,
        refreshes: oauth.is_some_and(|oauth| oauth.token.refresh),
        config: file.config.iter().map(config).collect(),
        login_url: file.browser().map(|browser| browser.login_url.to_string()),
        told: browser::told(file, false),
        environment: file.env.keys().map(EnvName::to_string).collect(),
        files: file.files.iter().map(|file| file.path.to_string()).collect(),
        refresh_token_in: with_refresh_token(file),
        proxy_problem,
    })
}

/// A provider with what the proxy knows of it, or why the proxy could not say.
fn told(
    now: &Snapshot,
    file: &ProviderFile,
    facts: Result<ProviderFacts, ProxyError>,
) -> (Provider, Option<Problem>) {
    let (configured, hosts, problem) = match facts {
        Ok(facts) => (Some(facts.configured), facts.allowed_hosts, None),
        // Then nothing is configured for it either.
        Err(ProxyError::UnknownProvider) => (Some(false), None, None),
        Err(error) => (None, None, Some(Problem::from(&ConnectionError::from(error)))),
    };
    (shown(now, file, configured, hosts), problem)
}

fn shown(
    now: &Snapshot,
    file: &ProviderFile,
    configured: Option<bool>,
    allowed_hosts: Option<Vec<String>>,
) -> Provider {
    Provider {
        name: file.name.to_string(),
        display_name: file.display_name.clone(),
        source: now.source(&file.name).to_owned(),
        configured,
        allowed_hosts,
    }
}

fn words(scopes: &Scopes) -> Vec<String> {
    scopes.iter().map(Scope::as_str).map(str::to_owned).collect()
}

fn config((name, field): (&FactName, &ConfigField)) -> ProviderConfig {
    ProviderConfig {
        name: name.to_string(),
        title: field.title.clone(),
        description: field.description.clone(),
        pattern: field.pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
        default: field.default.clone(),
    }
}

fn unknown(now: &Snapshot, name: &ProviderName) -> ApiError {
    let problem = Problem::new("unknown_provider", format!("there is no provider `{name}`"));
    ApiError::not_found(match now.set().nearest(name.as_str()) {
        Some(nearest) => problem.with_hint(format!("did you mean `{nearest}`?")),
        None => problem.with_hint("`keyferry provider list` shows what there is"),
    })
}
