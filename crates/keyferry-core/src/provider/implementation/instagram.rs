//! Instagram API with Instagram login: a code gives a token of one hour, which a second request turns into one of 60 days. There is no
//! refresh token; the long-lived token renews itself, by GET, with its own secret-less request, once it is a day old.
//!
//! The first reply comes in two shapes: flat, as the service sends it, and within a list `data`, as its documentation shows it.
//!
//! <https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login>

use std::borrow::Cow;

use url::form_urlencoded;

use super::{Call, EndpointReply, Provider, SecretBytes, StepError, StepFuture};
use crate::{
    flow::{
        client::{EndpointRequest, Method},
        exchange::{CodeGrant, token_request},
        json,
        refresh::RefreshGrant,
        reply::TokenReply,
    },
    secret::{RefreshToken, SecretText},
    url::Endpoint,
};

/// See the module.
pub(super) struct Instagram;

impl Provider for Instagram {
    fn exchange_code<'a>(&'a self, call: &'a Call<'a>, grant: CodeGrant) -> StepFuture<'a, TokenReply> {
        Box::pin(async move {
            let request = token_request(call.oauth, call.client, grant, &call.values)?;
            let short = call.read(&flat(call.send(request).await?))?;
            let secret = call.client.client_secret.as_ref().ok_or(StepError::Unusable)?;
            let fields = [
                ("grant_type", "ig_exchange_token"),
                ("client_secret", secret.expose_secret()),
                ("access_token", short.access_token.expose_secret()),
            ];
            let mut long = call.tokens(get(call, "access_token", &fields)?).await?;
            long.metadata = short.metadata;
            long.scopes = short.scopes;
            renewable(long)
        })
    }

    fn refresh<'a>(&'a self, call: &'a Call<'a>, grant: RefreshGrant) -> StepFuture<'a, TokenReply> {
        Box::pin(async move {
            let fields = [("grant_type", "ig_refresh_token"), ("access_token", grant.token.expose_secret())];
            renewable(call.tokens(get(call, "refresh_access_token", &fields)?).await?)
        })
    }
}

/// A reply whose fields stand at its top, whichever shape it came in.
fn flat(reply: EndpointReply) -> EndpointReply {
    let whole = json::unique(reply.body.expose_secret());
    let inner = whole.as_ref().and_then(|whole| whole.pointer("/data/0")).filter(|inner| inner.is_object());
    match inner {
        Some(inner) => EndpointReply { body: SecretBytes::new(inner.to_string().into_bytes()), ..reply },
        None => reply,
    }
}

/// The long-lived token is what renews itself.
fn renewable(mut tokens: TokenReply) -> Result<TokenReply, StepError> {
    let token = RefreshToken::new(tokens.access_token.expose_secret());
    tokens.refresh_token = Some(token.map_err(|_| StepError::Unusable)?);
    Ok(tokens)
}

/// A request beside the file's `refresh_endpoint`: `path` takes the place of its last step.
fn get<'a>(call: &Call<'a>, path: &str, fields: &[(&str, &str)]) -> Result<EndpointRequest<'a>, StepError> {
    let token = &call.oauth.token;
    let base = token.refresh_endpoint.as_ref().unwrap_or(&token.endpoint);
    let base = base.resolve(&call.values).map_err(|_| StepError::Unusable)?;
    let (before, _) = base.as_str().rsplit_once('/').ok_or(StepError::Unusable)?;
    let endpoint = Endpoint::parse(&format!("{before}/{path}")).map_err(|_| StepError::Unusable)?;
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Ok(EndpointRequest {
        method: Method::Get,
        endpoint: Cow::Owned(endpoint),
        format: None,
        authorization: None,
        headers: Vec::new(),
        body: SecretText::new(query).map_err(|_| StepError::Unusable)?,
    })
}

#[cfg(test)]
mod tests;
