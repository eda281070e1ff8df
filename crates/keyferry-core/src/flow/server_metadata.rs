//! What an authorization server says of itself: RFC 8414, and OpenID Connect Discovery 1.0.
//!
//! The document is a stranger's text. Its issuer must be the one that was asked for, for else one server could name the endpoints
//! of another (RFC 8414 §3.3), and each URL in it keeps the rules of [`Endpoint`].

use serde::Deserialize;

use crate::{
    scope::Scope,
    url::{Endpoint, InvalidUrl, Issuer, is_loopback},
};

/// The longest document that is read, in bytes. Real ones are below 16 KiB.
pub const LONGEST: usize = 256 * 1024;

const OAUTH: &str = "/.well-known/oauth-authorization-server";
const OPENID: &str = "/.well-known/openid-configuration";

/// Where to ask, and who must answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    issuer: Issuer,
    /// Whether the issuer was read from the document's own URL, which does not tell if it ends in a slash.
    from_document_url: bool,
    places: Vec<Endpoint>,
}

/// What a server offers. Everything in it was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerMetadata {
    /// The server.
    pub issuer: Issuer,
    /// The authorization endpoint.
    pub authorization_endpoint: Endpoint,
    /// The token endpoint.
    pub token_endpoint: Endpoint,
    /// The revocation endpoint (RFC 7009).
    pub revocation_endpoint: Option<Endpoint>,
    /// OpenID Connect's page about the account.
    pub userinfo_endpoint: Option<Endpoint>,
    /// Where people read about it.
    pub service_documentation: Option<Endpoint>,
    /// The scopes that it names; there may be others.
    pub scopes: Vec<Scope>,
    /// How clients authenticate at the token endpoint.
    pub token_endpoint_auth_methods: Vec<String>,
    /// The same at the revocation endpoint.
    pub revocation_endpoint_auth_methods: Vec<String>,
    /// The code challenge methods that it names.
    pub code_challenge_methods: Vec<String>,
    /// Whether its authorization responses name it (RFC 9207).
    pub names_issuer: bool,
}

/// Why a document is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnusableMetadata {
    /// Not the JSON of RFC 8414 §3.2.
    #[error("it is not the JSON of an authorization server's metadata")]
    NotMetadata,
    /// Another server's (RFC 8414 §3.3).
    #[error("it is of another issuer, {found:?}, and not of {wanted}")]
    OtherIssuer {
        /// The one that was asked for.
        wanted: String,
        /// The one that it names.
        found: String,
    },
    /// An endpoint that is not there.
    #[error("it names no {0}")]
    Missing(&'static str),
    /// An endpoint that must not be called.
    #[error("its {field} can't be used: {why}")]
    Url {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        why: InvalidUrl,
    },
    /// No authorization code flow.
    #[error("the server does not offer the authorization code flow")]
    NoCodeFlow,
}

/// RFC 8414 §2, as it comes.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    userinfo_endpoint: Option<String>,
    service_documentation: Option<String>,
    scopes_supported: Option<Vec<String>>,
    response_types_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    revocation_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

// === impl Discovery ===

impl Discovery {
    /// From an issuer, or from the URL of its document.
    ///
    /// # Errors
    /// [`InvalidUrl`]: as an issuer's.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let asked = Issuer::parse(text)?;
        let found = [OAUTH, OPENID].into_iter().find_map(|part| text.split_once(part));
        if let Some((before, after)) = found {
            let issuer = Issuer::parse(&format!("{before}{after}"))?;
            return Ok(Self { issuer, from_document_url: true, places: vec![Endpoint::parse(text)?] });
        }
        let url = asked.url();
        let whole = text.strip_suffix('/').unwrap_or(text);
        let path = url.path().strip_suffix('/').unwrap_or(url.path());
        let origin = whole.strip_suffix(path).unwrap_or(whole);
        // RFC 8414 §3.1 puts the well-known part between host and path, OpenID Connect Discovery §4 behind the path, and RFC 8414 §5
        // lets the latter's name stand in the former's place.
        let mut texts = vec![format!("{origin}{OAUTH}{path}"), format!("{whole}{OPENID}")];
        if !path.is_empty() {
            texts.insert(1, format!("{origin}{OPENID}{path}"));
        }
        let places = texts.iter().map(|text| Endpoint::parse(text)).collect::<Result<_, _>>()?;
        Ok(Self { issuer: asked, from_document_url: false, places })
    }

    /// Where the document may stand, in the order in which they are tried.
    #[must_use]
    pub fn places(&self) -> &[Endpoint] {
        &self.places
    }

    /// Reads a document.
    ///
    /// # Errors
    /// [`UnusableMetadata`].
    pub fn read(&self, body: &[u8]) -> Result<ServerMetadata, UnusableMetadata> {
        if body.len() > LONGEST {
            return Err(UnusableMetadata::NotMetadata);
        }
        let document: Document = serde_json::from_slice(body).map_err(|_| UnusableMetadata::NotMetadata)?;
        let issuer = self.issuer(&document.issuer)?;
        let url = |field, text: Option<&String>| -> Result<Option<Endpoint>, UnusableMetadata> {
            let endpoint = text.map(|text| self.endpoint(text)).transpose();
            endpoint.map_err(|why| UnusableMetadata::Url { field, why })
        };
        let required =
            |field, text: Option<&String>| url(field, text)?.ok_or(UnusableMetadata::Missing(field));
        let code = |types: &Vec<String>| types.iter().any(|kind| kind == "code");
        if !document.response_types_supported.as_ref().is_none_or(code) {
            return Err(UnusableMetadata::NoCodeFlow);
        }
        // RFC 8414 §2: what no list says is Basic.
        let basic = || vec!["client_secret_basic".to_owned()];
        let methods = document.token_endpoint_auth_methods_supported.unwrap_or_else(basic);
        let scopes = document.scopes_supported.unwrap_or_default();
        Ok(ServerMetadata {
            issuer,
            authorization_endpoint: required(
                "authorization_endpoint",
                document.authorization_endpoint.as_ref(),
            )?,
            token_endpoint: required("token_endpoint", document.token_endpoint.as_ref())?,
            revocation_endpoint: url("revocation_endpoint", document.revocation_endpoint.as_ref())?,
            userinfo_endpoint: url("userinfo_endpoint", document.userinfo_endpoint.as_ref())?,
            // For people alone: one that can't be used is left out.
            service_documentation: document.service_documentation.and_then(|text| self.endpoint(&text).ok()),
            scopes: scopes.iter().filter_map(|scope| Scope::new(scope).ok()).collect(),
            revocation_endpoint_auth_methods: document
                .revocation_endpoint_auth_methods_supported
                .unwrap_or_else(|| methods.clone()),
            token_endpoint_auth_methods: methods,
            code_challenge_methods: document.code_challenge_methods_supported.unwrap_or_default(),
            names_issuer: document.authorization_response_iss_parameter_supported.unwrap_or(false),
        })
    }

    /// The document's issuer, which must be, to the letter, the one that was asked for.
    fn issuer(&self, found: &str) -> Result<Issuer, UnusableMetadata> {
        let wanted = self.issuer.as_str();
        let slash_apart = self.from_document_url && found.strip_suffix('/') == Some(wanted);
        if found != wanted && !slash_apart {
            let found = found.chars().take(200).collect();
            return Err(UnusableMetadata::OtherIssuer { wanted: wanted.to_owned(), found });
        }
        Issuer::parse(found).map_err(|why| UnusableMetadata::Url { field: "issuer", why })
    }

    /// An endpoint: https, and no template, for braces would ask the person for values on the document's behalf. Only a server on this machine may name others on it, for else one from outside could point inside.
    fn endpoint(&self, text: &str) -> Result<Endpoint, InvalidUrl> {
        let endpoint = Endpoint::parse(text)?;
        if text.contains(['{', '}']) {
            return Err(InvalidUrl::Character);
        }
        if is_loopback(endpoint.url()) && !is_loopback(self.issuer.url()) {
            return Err(InvalidUrl::Insecure);
        }
        Ok(endpoint)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn places(text: &str) -> Vec<String> {
        Discovery::parse(text).unwrap().places().iter().map(|place| place.as_str().to_owned()).collect()
    }

    fn document() -> Value {
        json!({
            "issuer": "https://a.example/t",
            "authorization_endpoint": "https://a.example/authorize",
            "token_endpoint": "https://b.example/token",
            "response_types_supported": ["code"],
        })
    }

    fn read(asked: &str, document: &Value) -> Result<ServerMetadata, UnusableMetadata> {
        Discovery::parse(asked).unwrap().read(document.to_string().as_bytes())
    }

    #[test]
    fn the_document_is_looked_for_where_each_standard_puts_it() {
        let bare = [
            "https://a.example/.well-known/oauth-authorization-server",
            "https://a.example/.well-known/openid-configuration",
        ];
        assert_eq!(places("https://a.example"), bare);
        assert_eq!(places("https://a.example/"), bare);
        let with_path = [
            "https://a.example:8443/.well-known/oauth-authorization-server/t/1",
            "https://a.example:8443/.well-known/openid-configuration/t/1",
            "https://a.example:8443/t/1/.well-known/openid-configuration",
        ];
        assert_eq!(places("https://a.example:8443/t/1"), with_path);
        assert_eq!(places("https://a.example:8443/t/1/"), with_path);
        assert_eq!(places(with_path[2]), [with_path[2]]);
        for bad in
            ["http://a.example", "https://u@a.example", "https://a.example/?x", "a.example", "file:///x"]
        {
            assert!(Discovery::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_the_issuer_that_was_asked_for_may_answer() {
        assert!(read("https://a.example/t", &document()).is_ok());
        assert!(read("https://a.example/t/.well-known/openid-configuration", &document()).is_ok());
        assert!(read("https://a.example/.well-known/oauth-authorization-server/t", &document()).is_ok());
        for other in
            ["https://a.example/t/", "https://a.example", "https://A.example/t", "https://b.example/t"]
        {
            let refused = read(other, &document()).unwrap_err();
            assert!(matches!(refused, UnusableMetadata::OtherIssuer { .. }), "{other}: {refused}");
        }
        let mut slash = document();
        slash["issuer"] = "https://a.example/t/".into();
        assert!(read("https://a.example/t/.well-known/openid-configuration", &slash).is_ok());
    }

    #[test]
    fn a_hostile_document_is_refused() {
        let table = [
            ("token_endpoint", json!("http://a.example/token")),
            ("token_endpoint", json!("http://127.0.0.1/token")),
            ("token_endpoint", json!("https://127.0.0.1/token")),
            ("token_endpoint", json!("https://a.example/{config.x}")),
            ("authorization_endpoint", json!("javascript:alert(1)")),
            ("revocation_endpoint", json!("https://u:p@a.example/")),
            ("token_endpoint", json!(null)),
            ("token_endpoint", json!(["https://a.example/"])),
            ("response_types_supported", json!(["token"])),
            ("issuer", json!(1)),
        ];
        for (field, value) in table {
            let mut document = document();
            document[field] = value;
            assert!(read("https://a.example/t", &document).is_err(), "{document}");
        }
        let discovery = Discovery::parse("https://a.example/t").unwrap();
        for body in [
            "",
            "<html>",
            "[]",
            "null",
            "{\"issuer\":\"https://a.example/t\",\"issuer\":\"https://a.example/t\"}",
        ] {
            assert_eq!(discovery.read(body.as_bytes()).unwrap_err(), UnusableMetadata::NotMetadata, "{body}");
        }
        let long = format!("{}{}", document(), " ".repeat(LONGEST));
        assert_eq!(discovery.read(long.as_bytes()).unwrap_err(), UnusableMetadata::NotMetadata);
    }

    #[test]
    fn what_a_document_leaves_out_is_what_the_standard_says() {
        let metadata = read("https://a.example/t", &document()).unwrap();
        assert_eq!(metadata.token_endpoint_auth_methods, ["client_secret_basic"]);
        assert!(!metadata.names_issuer && metadata.code_challenge_methods.is_empty());
        assert!(metadata.revocation_endpoint.is_none() && metadata.scopes.is_empty());
    }
}
