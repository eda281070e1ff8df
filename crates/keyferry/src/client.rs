//! The client of the local API.

use std::{sync::Mutex, time::Duration};

use keyferry_app::{api::dto::Problem, home::Running};
use reqwest::{Method, RequestBuilder, Response, redirect};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::{CliError, CliResult},
    session::Host,
};

/// Longer than anything the API takes time for: a call of a tool, a server that is stopped firmly.
const LIMIT: Duration = Duration::from_secs(180);

/// How often another app is looked for when the one that was found has just gone.
const TRIES: u32 = 3;

/// An app's local API.
pub(crate) struct Api {
    http: reqwest::Client,
    host: Host,
    target: Mutex<Target>,
}

#[derive(Clone)]
struct Target {
    base: String,
    token: keyferry_app::home::ApiToken,
}

impl Api {
    /// The API of an app that `host` finds or boots.
    pub(crate) async fn of(host: Host) -> CliResult<Self> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(LIMIT)
            .tls_certs_only([])
            .build();
        let http =
            http.map_err(|error| CliError::failed("client", format!("the client can't be made: {error}")))?;
        let target = Mutex::new(target(host.find().await?));
        Ok(Self { http, host, target })
    }

    /// Whether the app is one of this process alone, and ends with it.
    pub(crate) async fn is_alone(&self) -> bool {
        self.host.has_own().await
    }

    /// Ends an app of this process.
    pub(crate) async fn close(self) {
        self.host.close().await;
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> CliResult<T> {
        self.send(|base| self.http.request(Method::GET, format!("{base}{path}"))).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> CliResult<T> {
        self.send(|base| self.http.request(Method::POST, format!("{base}{path}")).json(body)).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> CliResult<T> {
        self.send(|base| self.http.request(Method::PUT, format!("{base}{path}")).json(body)).await
    }

    pub(crate) async fn patch<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> CliResult<T> {
        self.send(|base| self.http.request(Method::PATCH, format!("{base}{path}")).json(body)).await
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> CliResult<T> {
        self.send(|base| self.http.request(Method::DELETE, format!("{base}{path}"))).await
    }

    /// Sends a request. An app that another command had booted for itself may end at any time; as long as nothing was sent, the next one
    /// is looked for.
    async fn send<T: DeserializeOwned>(&self, request: impl Fn(&str) -> RequestBuilder) -> CliResult<T> {
        let mut tries = 0;
        loop {
            let Target { base, token } = self.target();
            match request(&base).bearer_auth(token.expose_secret()).send().await {
                Ok(response) => return read(response).await,
                Err(error) if error.is_connect() && tries < TRIES => {
                    tries += 1;
                    let found = target(self.host.find().await?);
                    *self.target.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = found;
                }
                Err(error) => return Err(gone(error)),
            }
        }
    }

    fn target(&self) -> Target {
        self.target.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

fn target(running: Running) -> Target {
    Target { base: format!("http://{}/api/v1", running.address), token: running.token }
}

async fn read<T: DeserializeOwned>(response: Response) -> CliResult<T> {
    let status = response.status();
    let body = response.bytes().await.map_err(gone)?;
    if status.is_success() {
        return serde_json::from_slice(&body)
            .map_err(|_| odd("an answer that this command does not understand"));
    }
    match serde_json::from_slice::<Problem>(&body) {
        Ok(problem) => Err(problem.into()),
        Err(_) => Err(odd(&format!("HTTP {status}"))),
    }
}

fn gone(error: reqwest::Error) -> CliError {
    let error = error.without_url();
    CliError::failed("app_unreachable", format!("the app does not answer: {error}"))
        .hint("is it still running? `keyferry status`")
}

fn odd(what: &str) -> CliError {
    CliError::failed("odd_answer", format!("the app gave {what}"))
        .hint("app and command may be of different versions; start the app again")
}
