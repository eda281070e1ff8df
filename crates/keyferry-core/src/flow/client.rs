//! Requests to the token and revocation endpoints, and client authentication there (RFC 6749 §2.3.1): exactly one method a request.

use std::{borrow::Cow, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use url::form_urlencoded;
use zeroize::Zeroizing;

use crate::{
    delivery::{Template, Values},
    id::ClientId,
    provider::{ClientAuth, EndpointTemplate, Rename, RequestFormat, UnresolvedEndpoint},
    secret::{ClientSecret, SecretText},
    url::Endpoint,
};

/// `client_assertion_type` (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the proxy knows of itself at one provider.
#[derive(Debug, Clone)]
pub struct ClientCredentials {
    /// The client id.
    pub client_id: ClientId,
    /// The client secret; none for a public client, and for one with a key.
    pub client_secret: Option<ClientSecret>,
    /// What signs assertions, for a client with a key.
    pub signer: Option<Arc<dyn SignAssertion>>,
}

/// Makes client assertions (RFC 7523 §3). It has the key, the clock and the randomness that this crate does without.
pub trait SignAssertion: fmt::Debug + Send + Sync {
    /// An assertion of `client_id` for one request to `audience`.
    ///
    /// # Errors
    /// [`RequestError::Assertion`].
    fn assertion(&self, client_id: &ClientId, audience: &str) -> Result<SecretText, RequestError>;
}

/// Why a request can't be made. Holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The endpoint needs a value that is missing or wrong.
    #[error(transparent)]
    Endpoint(#[from] UnresolvedEndpoint),
    /// No assertion could be signed.
    #[error("no client assertion could be made")]
    Assertion,
    /// The body or a header is longer than anything real, or holds what can't stand there.
    #[error("the request can't be written")]
    Unwritable,
}

/// A request to a provider's token or revocation endpoint.
#[derive(Debug)]
pub struct EndpointRequest<'a> {
    /// Its method: POST (RFC 6749 §3.2), but for what a revocation or an implementation asks for.
    pub method: Method,
    /// Where it goes. Borrowed where the provider file names it outright.
    pub endpoint: Cow<'a, Endpoint>,
    /// How the body is written; none where it has none.
    pub format: Option<RequestFormat>,
    /// The value of the `Authorization` header, where there is one.
    pub authorization: Option<SecretText>,
    /// Further headers.
    pub headers: Vec<(&'a str, SecretText)>,
    /// The body; of a GET, the query. Empty where it has no format.
    pub body: SecretText,
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `DELETE`
    Delete,
}

impl Method {
    /// Its name (RFC 9110 §9.1).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// How a provider wants its requests.
pub(super) struct Shape<'p> {
    pub(super) method: Method,
    pub(super) endpoint: &'p EndpointTemplate,
    pub(super) client_auth: ClientAuth,
    pub(super) format: Option<RequestFormat>,
    pub(super) params: &'p [(String, Template)],
    pub(super) headers: &'p [(String, Template)],
    pub(super) rename: &'p Rename,
}

impl<'p> Shape<'p> {
    /// Builds a request: the step's own fields, the provider's further ones, and the client's authentication.
    pub(super) fn request(
        &self,
        client: &ClientCredentials,
        fields: &[(&str, &str)],
        values: &Values<'_>,
    ) -> Result<EndpointRequest<'p>, RequestError> {
        self.build(client, fields, values, |endpoint, body| self.authenticate(client, endpoint, body))
    }

    /// Builds a request that a token authenticates in the client's place (RFC 6750 §2.1).
    pub(super) fn request_by_token(
        &self,
        client: &ClientCredentials,
        token: &SecretText,
        fields: &[(&str, &str)],
        values: &Values<'_>,
    ) -> Result<EndpointRequest<'p>, RequestError> {
        let bearer = Zeroizing::new(format!("Bearer {}", token.expose_secret()));
        let bearer = SecretText::new(bearer.as_str()).map_err(|_| RequestError::Unwritable)?;
        self.build(client, fields, values, |_, _| Ok(Some(bearer)))
    }

    fn build(
        &self,
        client: &ClientCredentials,
        fields: &[(&str, &str)],
        values: &Values<'_>,
        authenticate: impl FnOnce(&str, &mut Body) -> Result<Option<SecretText>, RequestError>,
    ) -> Result<EndpointRequest<'p>, RequestError> {
        let values = Values { client_id: Some(&client.client_id), ..*values };
        let endpoint = self.endpoint.resolve(&values)?;
        let mut body = Body::new(self.format);
        for (name, value) in fields {
            body.append_renamed(self.rename, name, value);
        }
        for (name, template) in self.params {
            if let Some(value) = template.fill(&values) {
                body.append(name, value.expose_secret());
            }
        }
        let authorization = authenticate(endpoint.as_str(), &mut body)?;
        let headers =
            self.headers.iter().filter_map(|(name, template)| Some((name.as_str(), template.fill(&values)?)));
        Ok(EndpointRequest {
            method: self.method,
            format: self.format,
            authorization,
            headers: headers.collect(),
            body: body.finish()?,
            endpoint,
        })
    }

    fn authenticate(
        &self,
        client: &ClientCredentials,
        audience: &str,
        body: &mut Body,
    ) -> Result<Option<SecretText>, RequestError> {
        match (self.client_auth, &client.client_secret, &client.signer) {
            (ClientAuth::ClientSecretBasic, Some(secret), _) => {
                return basic(&client.client_id, secret).map(Some);
            }
            (ClientAuth::ClientSecretPost, Some(secret), _) => {
                body.append_renamed(self.rename, "client_id", client.client_id.as_str());
                body.append_renamed(self.rename, "client_secret", secret.expose_secret());
            }
            (ClientAuth::PrivateKeyJwt, _, Some(signer)) => {
                let assertion = signer.assertion(&client.client_id, audience)?;
                body.append_renamed(self.rename, "client_id", client.client_id.as_str());
                body.append("client_assertion_type", JWT_BEARER);
                body.append("client_assertion", assertion.expose_secret());
            }
            (ClientAuth::PrivateKeyJwt, _, None) => return Err(RequestError::Assertion),
            (_, None, _) | (ClientAuth::None, ..) => {
                body.append_renamed(self.rename, "client_id", client.client_id.as_str());
            }
        }
        Ok(None)
    }
}

/// The Basic credentials; id and secret are form-encoded first (RFC 6749 §2.3.1).
fn basic(client_id: &ClientId, secret: &ClientSecret) -> Result<SecretText, RequestError> {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encode(client_id.as_str()), encode(secret.expose_secret())));
    SecretText::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
        .map_err(|_| RequestError::Unwritable)
}

/// A body in the making.
enum Body {
    None,
    Form(form_urlencoded::Serializer<'static, String>),
    Json(Map<String, Value>),
}

impl Body {
    fn new(format: Option<RequestFormat>) -> Self {
        match format {
            None => Self::None,
            Some(RequestFormat::Form) => {
                Self::Form(form_urlencoded::Serializer::new(String::with_capacity(512)))
            }
            Some(RequestFormat::Json) => Self::Json(Map::new()),
        }
    }

    fn append(&mut self, name: &str, value: &str) {
        match self {
            Self::None => {}
            Self::Form(form) => {
                form.append_pair(name, value);
            }
            Self::Json(object) => {
                object.insert(name.to_owned(), Value::from(value));
            }
        }
    }

    fn append_renamed(&mut self, rename: &Rename, name: &str, value: &str) {
        if let Some(name) = rename.name(name) {
            self.append(name, value);
        }
    }

    fn finish(self) -> Result<SecretText, RequestError> {
        let text = match self {
            Self::None => String::new(),
            Self::Form(mut form) => form.finish(),
            Self::Json(object) => Value::Object(object).to_string(),
        };
        SecretText::new(text).map_err(|_| RequestError::Unwritable)
    }
}
