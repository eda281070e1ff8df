//! Client authentication at the token and revocation endpoints (RFC 6749 §2.3.1): exactly one method a request.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::{
    id::ClientId,
    provider::ClientAuth,
    secret::{ClientSecret, SecretText},
    url::Endpoint,
};

/// What the proxy knows of itself at one provider.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The client id.
    pub client_id: ClientId,
    /// The client secret; none for a public client.
    pub client_secret: Option<ClientSecret>,
}

/// A request to a provider's token or revocation endpoint: POST, `application/x-www-form-urlencoded` (RFC 6749 §3.2).
#[derive(Debug)]
pub struct EndpointRequest<'a> {
    /// Where it goes.
    pub endpoint: &'a Endpoint,
    /// The value of the `Authorization` header, where the method is HTTP Basic.
    pub authorization: Option<SecretText>,
    /// The form-encoded body.
    pub body: SecretText,
}

/// Builds a request: the step's own fields, the provider's further ones, and the client's authentication.
pub(super) fn request<'a>(
    endpoint: &'a Endpoint,
    method: ClientAuth,
    client: &ClientCredentials,
    fields: &[(&str, &str)],
    params: &[(String, String)],
) -> EndpointRequest<'a> {
    let mut form = form_urlencoded::Serializer::new(String::with_capacity(512));
    form.extend_pairs(fields);
    form.extend_pairs(params);
    let mut authorization = None;
    match (method, &client.client_secret) {
        (ClientAuth::ClientSecretBasic, Some(secret)) => {
            authorization = Some(basic(&client.client_id, secret));
        }
        (ClientAuth::ClientSecretPost, Some(secret)) => {
            form.append_pair("client_id", client.client_id.as_str());
            form.append_pair("client_secret", secret.expose_secret());
        }
        (_, None) | (ClientAuth::None, _) => {
            form.append_pair("client_id", client.client_id.as_str());
        }
    }
    EndpointRequest { endpoint, authorization, body: secret_text(form.finish()) }
}

/// The Basic credentials; id and secret are form-encoded first (RFC 6749 §2.3.1).
fn basic(client_id: &ClientId, secret: &ClientSecret) -> SecretText {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id.as_str()), encode(secret.expose_secret())));
    secret_text(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
}

/// Form and base64 texts are short and free of NUL by their encoding; an impossible one becomes an empty request, which the
/// provider refuses.
fn secret_text(text: String) -> SecretText {
    SecretText::new(text).unwrap_or_else(|_| SecretText::empty())
}
