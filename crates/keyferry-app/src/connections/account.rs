//! Whose account a connection is, asked once after its sign-in. The tokens are saved before, so a failure here costs a name alone.

use std::time::Duration;

use keyferry_core::{
    delivery::Values,
    flow::{account::AccountRequest, client::Method, reply::LONGEST_REPLY},
    provider::ProviderFile,
    url::is_loopback,
};
use reqwest::{Client, header::HeaderValue, redirect};
use zeroize::Zeroizing;

use super::Inner;
use crate::vault::{ConnectionRecord, Expected};

/// How long the whole request may take.
const TOTAL: Duration = Duration::from_secs(10);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);

impl Inner {
    /// Finds out whose account it is, and saves that. What fails is logged.
    pub(super) async fn name_account(&self, file: &ProviderFile, record: ConnectionRecord) {
        let Some(account) = &file.account else { return };
        let values = Values {
            tokens: Some(&record.tokens),
            client_id: Some(&record.client_id),
            config: Some(&record.config),
            ..Values::default()
        };
        let body = match account.prepare(&values) {
            Ok(None) => None,
            Ok(Some(request)) => match ask(request).await {
                Ok(body) => Some(body),
                Err(reason) => {
                    tracing::warn!(provider = %record.provider, %reason, "the account's name could not be had");
                    None
                }
            },
            Err(error) => {
                tracing::warn!(provider = %record.provider, %error, "the account's name could not be asked for");
                None
            }
        };
        let known = account.read(body.as_deref().map(Vec::as_slice), Some(&record.tokens));
        let label = known.label.or_else(|| record.account.clone());
        if label == record.account && known.metadata.is_empty() {
            return;
        }
        let (id, generation, at) = (record.id, record.generation, self.now());
        let named =
            self.vault.change_connection(&id, Expected::Generation(generation), (None, at), |record| {
                let mut named = ConnectionRecord { account: label, ..record };
                named.tokens.metadata.extend(known.metadata);
                named
            });
        if let Err(error) = named.await {
            tracing::warn!(connection = %id, %error, "the account's name could not be saved");
        }
    }
}

/// Why a request about an account brought nothing.
#[derive(Debug)]
pub(super) enum NoAnswer {
    /// The service answered with this status.
    Status(u16),
    /// It did not answer.
    Failed(&'static str),
}

impl From<&'static str> for NoAnswer {
    fn from(reason: &'static str) -> Self {
        Self::Failed(reason)
    }
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status(status) => write!(out, "HTTP {status}"),
            Self::Failed(reason) => out.write_str(reason),
        }
    }
}

/// The body of a success. A redirect is not followed: the next address would get the token.
pub(super) async fn ask(request: AccountRequest<'_>) -> Result<Zeroizing<Vec<u8>>, NoAnswer> {
    let builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .referer(false)
        .user_agent(concat!("keyferry-app/", env!("CARGO_PKG_VERSION")));
    let builder = if is_loopback(request.endpoint.url()) { builder.no_proxy() } else { builder };
    let client = builder.build().map_err(|_| "no client")?;
    let url = request.endpoint.url().clone();
    let mut asked = match request.method {
        Method::Post => client.post(url),
        _ => client.get(url),
    };
    if !request.body.expose_secret().is_empty() {
        asked = asked.body(request.body.expose_secret().to_owned());
    }
    for (name, value) in &request.headers {
        let mut value = HeaderValue::try_from(value.expose_secret()).map_err(|_| "a header's value")?;
        value.set_sensitive(true);
        asked = asked.header(*name, value);
    }
    let mut response = asked.send().await.map_err(|error| match error.is_connect() {
        true => "no connection",
        false => "no reply",
    })?;
    if !response.status().is_success() {
        return Err(NoAnswer::Status(response.status().as_u16()));
    }
    let mut body = Zeroizing::new(Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(|_| "the reply broke")? {
        if body.len() + chunk.len() > LONGEST_REPLY {
            return Err("the reply is too long".into());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
