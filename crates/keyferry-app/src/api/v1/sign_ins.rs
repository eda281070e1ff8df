//! `/api/v1/sign-ins`

use std::{collections::BTreeMap, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use keyferry_core::{
    id::{ConnectionId, FactName, ProviderName},
    scope::Scopes,
};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    api::{
        ApiError, Shared,
        dto::{Problem, SignIn, SignInRequest, SignInState},
        extract::{Body, Named, Parameters},
    },
    connections, install, providers,
    sign_ins::{self, Opening, Phase, Standing, WindowState},
    ticket::Ticket,
};

/// The longest that a request may wait for news.
const LONGEST_WAIT: u64 = 30;

/// How long to wait.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// Seconds; more than the limit counts as the limit.
    #[serde(default)]
    pub(crate) wait: u64,
    /// A revision: whatever is newer is news. Without it, the end alone is.
    pub(crate) after: Option<u64>,
}

/// `POST`: begins a sign-in.
#[utoipa::path(
    post, path = "/api/v1/sign-ins", operation_id = "sign_ins_create", tag = "sign-ins",
    request_body = SignInRequest,
    responses((status = 202, description = "Begun", body = SignIn))
)]
pub(crate) async fn create(
    engine: Shared,
    request: Body<SignInRequest>,
) -> Result<impl IntoResponse, ApiError> {
    let begun = begin(engine, request).await?;
    let location = format!("/api/v1/sign-ins/{}", begun.id);
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(begun)))
}

/// Begins a sign-in, and says where it stands.
pub(crate) async fn begin(
    State(engine): Shared,
    Body(request): Body<SignInRequest>,
) -> Result<SignIn, ApiError> {
    let (provider, renewed, scopes) = match (request.provider, request.connection) {
        (Some(provider), None) => {
            (provider.parse::<ProviderName>().map_err(ApiError::bad_name)?, None, Scopes::none())
        }
        (None, Some(id)) => {
            let id = id.parse::<ConnectionId>().map_err(ApiError::bad_name)?;
            let record = engine.connections.get(&id).await?;
            let scopes = install::Uses::read(&engine).await?.of(&id).scopes;
            (record.provider, Some(id), scopes)
        }
        _ => {
            let message = "a sign-in is for a provider or for a connection";
            return Err(ApiError::bad_request(
                Problem::new("bad_body", message).with_hint("name one of the two"),
            ));
        }
    };
    // One that only the proxy knows may not have been heard of yet.
    providers::find(&engine, &provider).await;
    let config = config(&request.config)?;
    let wanted =
        connections::SignInRequest { provider: &provider, renewed, config: &config, scopes: &scopes };
    let opening = Opening { browser: request.open_browser, window: request.window };
    let (ticket, standing) = sign_ins::begin(&engine, wanted, opening).await?;
    Ok(shown(ticket, &standing.borrow()))
}

/// `GET /{id}?wait=SECONDS`: the sign-in, as soon as it is over or the wait is.
#[utoipa::path(
    get, path = "/api/v1/sign-ins/{id}", operation_id = "sign_ins_show", tag = "sign-ins",
    params(("id" = String, Path, description = "The id of a sign-in"), Wait),
    responses((status = 200, description = "Done", body = SignIn))
)]
pub(crate) async fn show(
    State(engine): Shared,
    Named(ticket): Named<Ticket>,
    Parameters(Wait { wait, after }): Parameters<Wait>,
) -> Result<Json<SignIn>, ApiError> {
    let mut standing = engine.sign_ins.watch(ticket).ok_or_else(unknown)?;
    let is_news =
        |standing: &Standing| standing.is_over() || after.is_some_and(|after| standing.revision > after);
    if !is_news(&standing.borrow()) && wait > 0 {
        let _place = engine.waiting.try_acquire().map_err(|_| ApiError::busy())?;
        let limit = Duration::from_secs(wait.min(LONGEST_WAIT));
        tokio::select! {
            _ = tokio::time::timeout(limit, standing.wait_for(is_news)) => {}
            () = engine.ending.cancelled() => {}
        }
    }
    let shown = shown(ticket, &standing.borrow());
    Ok(Json(shown))
}

/// `DELETE /{id}`: cancels it.
#[utoipa::path(
    delete, path = "/api/v1/sign-ins/{id}", operation_id = "sign_ins_cancel", tag = "sign-ins",
    params(("id" = String, Path, description = "The id of a sign-in")),
    responses((status = 200, description = "Done", body = SignIn))
)]
pub(crate) async fn cancel(
    State(engine): Shared,
    Named(ticket): Named<Ticket>,
) -> Result<Json<SignIn>, ApiError> {
    let mut standing = engine.sign_ins.cancel(ticket).ok_or_else(unknown)?;
    // At once, but for a task that has yet to be given its turn.
    tokio::time::timeout(Duration::from_secs(1), standing.wait_for(Standing::is_over)).await.ok();
    let shown = shown(ticket, &standing.borrow());
    Ok(Json(shown))
}

fn config(given: &BTreeMap<String, String>) -> Result<BTreeMap<FactName, String>, ApiError> {
    let entry = |(name, value): (&String, &String)| {
        let name = name
            .parse::<FactName>()
            .map_err(|error| ApiError::bad_request(Problem::new("provider_config", error.to_string())))?;
        Ok((name, value.clone()))
    };
    given.iter().map(entry).collect()
}

fn shown(ticket: Ticket, standing: &Standing) -> SignIn {
    let (state, authorization_url, connection, error) = match &standing.phase {
        Phase::Waiting(url) => (SignInState::WaitingForPerson, Some(url.as_str().to_owned()), None, None),
        Phase::InWindow => (SignInState::WaitingForPerson, None, None, None),
        Phase::Done(id) => (SignInState::Done, None, Some(id.to_string()), None),
        Phase::Failed(problem) => (SignInState::Failed, None, None, Some(problem.clone())),
    };
    let window = standing.window.as_ref().map(WindowState::shown);
    SignIn {
        id: ticket.to_string(),
        provider: standing.provider.to_string(),
        renewed: standing.renewed.as_ref().map(ToString::to_string),
        state,
        revision: standing.revision,
        authorization_url,
        window,
        connection,
        error,
    }
}

fn unknown() -> ApiError {
    let problem = Problem::new("unknown_sign_in", "there is no sign-in of this id");
    ApiError::not_found(problem.with_hint("one that is over is forgotten after 15 minutes"))
}
