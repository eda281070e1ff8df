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
    sign_ins::{self, Standing},
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
    wait: u64,
}

/// `POST`: begins a sign-in.
#[utoipa::path(
    post, path = "/api/v1/sign-ins", operation_id = "sign_ins_create", tag = "sign-ins",
    request_body = SignInRequest,
    responses((status = 202, description = "Begun", body = SignIn))
)]
pub(crate) async fn create(
    State(engine): Shared,
    Body(request): Body<SignInRequest>,
) -> Result<impl IntoResponse, ApiError> {
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
    let (ticket, standing) = sign_ins::begin(&engine, wanted, request.open_browser).await?;
    let location = format!("/api/v1/sign-ins/{ticket}");
    let shown = shown(ticket, &standing.borrow());
    Ok((StatusCode::ACCEPTED, [(header::LOCATION, location)], Json(shown)))
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
    Parameters(Wait { wait }): Parameters<Wait>,
) -> Result<Json<SignIn>, ApiError> {
    let mut standing = engine.sign_ins.watch(ticket).ok_or_else(unknown)?;
    if !standing.borrow().is_over() && wait > 0 {
        let _place = engine.waiting.try_acquire().map_err(|_| ApiError::busy())?;
        let limit = Duration::from_secs(wait.min(LONGEST_WAIT));
        tokio::select! {
            _ = tokio::time::timeout(limit, standing.wait_for(Standing::is_over)) => {}
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
    let (state, authorization_url, connection, error) = match standing {
        Standing::Waiting(url) => (SignInState::WaitingForPerson, Some(url.as_str().to_owned()), None, None),
        Standing::Done(id) => (SignInState::Done, None, Some(id.to_string()), None),
        Standing::Failed(problem) => (SignInState::Failed, None, None, Some(problem.clone())),
    };
    SignIn { id: ticket.to_string(), state, authorization_url, connection, error }
}

fn unknown() -> ApiError {
    let problem = Problem::new("unknown_sign_in", "there is no sign-in of this id");
    ApiError::not_found(problem.with_hint("one that is over is forgotten after 15 minutes"))
}
