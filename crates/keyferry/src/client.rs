//! The client of the local API.

use std::{net::SocketAddr, time::Duration};

use keyferry_app::{api::dto::Problem, home::ApiToken};
use reqwest::{Method, RequestBuilder, redirect};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{CliError, CliResult};

/// Longer than anything the API takes time for: a call of a tool, a server that is stopped firmly.
const LIMIT: Duration = Duration::from_secs(180);

/// A running app's local API.
pub(crate) struct Api {
    http: reqwest::Client,
    base: String,
    token: ApiToken,
}

impl Api {
    pub(crate) fn new(address: SocketAddr, token: ApiToken) -> CliResult<Self> {
        let http = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(LIMIT)
            .tls_certs_only([])
            .build();
        let http =
            http.map_err(|error| CliError::failed("client", format!("the client can't be made: {error}")))?;
        Ok(Self { http, base: format!("http://{address}/api/v1"), token })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> CliResult<T> {
        self.send(self.http.request(Method::GET, self.address(path))).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> CliResult<T> {
        self.send(self.http.request(Method::POST, self.address(path)).json(body)).await
    }

    pub(crate) async fn delete<T: DeserializeOwned>(&self, path: &str) -> CliResult<T> {
        self.send(self.http.request(Method::DELETE, self.address(path))).await
    }

    fn address(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> CliResult<T> {
        let gone = |error: reqwest::Error| {
            let error = error.without_url();
            CliError::failed("app_unreachable", format!("the app does not answer: {error}"))
                .hint("is it still running? `keyferry status`")
        };
        let response = request.bearer_auth(self.token.expose_secret()).send().await.map_err(gone)?;
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
}

fn odd(what: &str) -> CliError {
    CliError::failed("odd_answer", format!("the app gave {what}"))
        .hint("app and command may be of different versions; start the app again")
}
