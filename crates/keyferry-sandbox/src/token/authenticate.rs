//! Client authentication: `client_secret_basic` or `client_secret_post`, one of them, never both
//! (RFC 6749 §2.3, §2.3.1).

use axum::http::{HeaderMap, header};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::error::TokenError;
use crate::{
    client::Client,
    form::{self, Form},
};

/// The authenticated client's id.
pub(crate) fn client(client: &Client, headers: &HeaderMap, form: &Form) -> Result<String, TokenError> {
    let mut authorizations = headers.get_all(header::AUTHORIZATION).iter();
    match (authorizations.next(), authorizations.next()) {
        (_, Some(_)) => Err(TokenError::InvalidRequest("the Authorization header is repeated")),
        (Some(_), None) if form.contains("client_secret") || form.contains("client_assertion") => {
            Err(TokenError::InvalidRequest("the client authenticates in two ways at once"))
        }
        (Some(value), None) => {
            let basic = TokenError::InvalidClient { basic: true };
            let Some((id, secret)) = value.to_str().ok().and_then(read_basic) else { return Err(basic) };
            match form.get("client_id") {
                Some(other) if other != id => {
                    Err(TokenError::InvalidRequest("client_id contradicts HTTP Basic"))
                }
                _ if client.is(&id, &secret) => Ok(id),
                _ => Err(basic),
            }
        }
        (None, _) => {
            let id = form.get("client_id").unwrap_or_default();
            let known = form.get("client_secret").is_some_and(|secret| client.is(id, secret));
            if known { Ok(id.to_owned()) } else { Err(TokenError::InvalidClient { basic: false }) }
        }
    }
}

/// Id and secret of an HTTP Basic header. Both halves are form-encoded before they are joined by the colon
/// (RFC 6749 §2.3.1), so that a colon in an id can't move the border.
fn read_basic(value: &str) -> Option<(String, String)> {
    let (scheme, credentials) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(credentials.trim_start_matches(' ')).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    let id = form::decode(decoded.get(..colon)?).ok()?;
    let secret = form::decode(decoded.get(colon + 1..)?).ok()?;
    Some((id, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn basic(plain: &str) -> String {
        format!("Basic {}", STANDARD.encode(plain))
    }

    #[test]
    fn both_halves_of_basic_are_form_decoded() {
        for (header, read) in [
            (basic("id:secret"), Some(("id", "secret"))),
            (basic("a%3Ab:%3A+%25%26%2B%C3%A9"), Some(("a:b", ": %&+é"))),
            (basic("id:a:b"), Some(("id", "a:b"))),
            (basic("id:%"), None),
            (basic("id"), None),
            ("Basic !".to_owned(), None),
            ("Bearer aWQ6c2VjcmV0".to_owned(), None),
            (basic("id:secret").replace("Basic", "bAsIc"), Some(("id", "secret"))),
        ] {
            let expected = read.map(|(id, secret)| (id.to_owned(), secret.to_owned()));
            assert_eq!(read_basic(&header), expected, "{header}");
        }
    }
}
