//! Whose account it is: one request after the sign-in, or the ID token's claims.

use std::borrow::Cow;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    Tokens,
    client::Method,
    json,
    reply::{LONGEST_REPLY, facts},
};
use crate::{
    delivery::Values,
    fact::Facts,
    provider::{Account, AccountLabel, JsonPointer, UnresolvedEndpoint},
    secret::{IdToken, SecretText},
    url::Endpoint,
};

/// The longest label that is kept, in characters.
const LONGEST_LABEL: usize = 200;

/// The request that tells whose account it is, with the access token as bearer (RFC 6750 §2.1).
#[derive(Debug)]
pub struct AccountRequest<'a> {
    /// Its method.
    pub method: Method,
    /// Where it goes.
    pub endpoint: Cow<'a, Endpoint>,
    /// Headers, each once: `authorization` and `accept` among them, and what says how the body is.
    pub headers: Vec<(&'a str, SecretText)>,
    /// The body; empty where it has none.
    pub body: SecretText,
}

/// Why the account's request can't be made. Holds no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnmadeAccountRequest {
    /// A value in the URL is missing or can't stand there.
    #[error(transparent)]
    Endpoint(#[from] UnresolvedEndpoint),
    /// The body is longer than anything real.
    #[error("the request can't be written")]
    Unwritable,
}

/// What is known of an account.
#[derive(Debug, Default)]
pub struct AccountFacts {
    /// What people call it, in one line.
    pub label: Option<String>,
    /// Facts that the provider file asks to keep.
    pub metadata: Facts,
}

impl Account {
    /// The request; none where the ID token tells all.
    ///
    /// # Errors
    /// [`UnmadeAccountRequest`].
    pub fn prepare(&self, values: &Values<'_>) -> Result<Option<AccountRequest<'_>>, UnmadeAccountRequest> {
        let Some(request) = &self.request else { return Ok(None) };
        let endpoint = request.resolve(values)?;
        let mut headers: Vec<_> = self
            .headers
            .iter()
            .filter_map(|(name, template)| Some((name.as_str(), template.fill(values)?)))
            .collect();
        let bearer = values.tokens.and_then(|tokens| {
            SecretText::new(format!("Bearer {}", tokens.access_token.expose_secret())).ok()
        });
        let own = |name: &str| self.headers.iter().any(|(known, _)| known == name);
        headers.extend(bearer.filter(|_| !own("authorization")).map(|bearer| ("authorization", bearer)));
        let nothing = || Value::Object(serde_json::Map::new());
        let body = self.json.as_ref().map(|json| json.fill(values).unwrap_or_else(nothing).to_string());
        let mut fixed = vec![("accept", "application/json")];
        match (self.method, &body) {
            (_, Some(_)) => fixed.push(("content-type", "application/json")),
            // Some servers refuse a POST that does not say that nothing follows (RFC 9110 §8.6).
            (Method::Post, None) => fixed.push(("content-length", "0")),
            (_, None) => {}
        }
        let fixed = fixed.into_iter().filter(|(name, _)| !own(name));
        headers.extend(fixed.filter_map(|(name, value)| Some((name, SecretText::new(value).ok()?))));
        let body = SecretText::new(body.unwrap_or_default()).map_err(|_| UnmadeAccountRequest::Unwritable)?;
        Ok(Some(AccountRequest { method: self.method, endpoint, headers, body }))
    }

    /// Reads what is known: from a reply's body, where there was one, the ID token, and the facts beside the tokens.
    #[must_use]
    pub fn read(&self, body: Option<&[u8]>, tokens: Option<&Tokens>) -> AccountFacts {
        let reply = body.filter(|body| body.len() <= LONGEST_REPLY).and_then(json::unique);
        let found = match &self.label {
            None => None,
            Some(AccountLabel::Reply(pointer)) => reply.as_ref().and_then(|reply| text(reply, pointer)),
            Some(AccountLabel::IdToken(pointer)) => {
                let token = tokens.and_then(|tokens| tokens.id_token.as_ref());
                token.and_then(claims).and_then(|claims| text(&claims, pointer))
            }
            Some(AccountLabel::Fact(name)) => tokens
                .and_then(|tokens| tokens.metadata.get(name))
                .map(|fact| fact.expose_secret().chars().take(LONGEST_LABEL).collect()),
        };
        AccountFacts {
            label: found.filter(|label| !label.is_empty() && !label.chars().any(char::is_control)),
            metadata: reply.map(|reply| facts(&self.metadata, &reply)).unwrap_or_default(),
        }
    }
}

fn text(value: &Value, pointer: &JsonPointer) -> Option<String> {
    let text = match pointer.find(value)? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    Some(text.chars().take(LONGEST_LABEL).collect())
}

/// The claims of an ID token. Its signature is not checked, nor need it be: it came straight from the token endpoint over TLS (OpenID
/// Connect Core §3.1.3.7, item 6), and it names an account, it lets nobody in.
fn claims(token: &IdToken) -> Option<Value> {
    let payload = token.expose_secret().split('.').nth(1)?;
    json::unique(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{provider::ProviderFile, scope::Scopes, secret::AccessToken};

    fn account(text: &str) -> Account {
        let text = format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/auth\"\n[token]\nendpoint = \"https://a.example/token\"\n\
             [token.response]\nmetadata = {{ site = \"/site\" }}\n[account]\n{text}\n[env]\nA = \"{{access_token}}\"\n"
        );
        ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file.account.unwrap()
    }

    fn tokens() -> Tokens {
        Tokens {
            access_token: AccessToken::new("canary").unwrap(),
            refresh_token: None,
            id_token: None,
            scopes: Scopes::default(),
            expires_at: None,
            metadata: [("site".parse().unwrap(), SecretText::new("s 1").unwrap())].into_iter().collect(),
        }
    }

    #[test]
    fn the_request_carries_the_token_in_its_header_alone() {
        let (account, tokens) = (account("request = \"https://api.a.example/{metadata.site}/me\""), tokens());
        let values = Values { tokens: Some(&tokens), ..Values::default() };
        let request = account.prepare(&values).unwrap().unwrap();
        assert_eq!(request.endpoint.as_str(), "https://api.a.example/s%201/me");
        assert_eq!((request.method, request.headers.len()), (Method::Get, 2));
        assert_eq!(
            (request.headers[0].0, request.headers[0].1.expose_secret()),
            ("authorization", "Bearer canary")
        );
        assert!(!format!("{request:?}").contains("canary"));
    }

    #[test]
    fn a_service_may_want_the_token_otherwise() {
        let lines = "request = \"https://a.example/me\"\nheaders = { Authorization = \"OAuth {access_token}\", Client-Id = \"{client_id}\", Accept = \"application/vnd.a+json\" }";
        let (account, tokens) = (account(lines), tokens());
        let id = "me".parse().unwrap();
        let values = Values { tokens: Some(&tokens), client_id: Some(&id), ..Values::default() };
        let request = account.prepare(&values).unwrap().unwrap();
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        let expected =
            [("authorization", "OAuth canary"), ("client-id", "me"), ("accept", "application/vnd.a+json")];
        assert_eq!(headers, expected);
    }

    #[test]
    fn what_is_posted_has_its_body_and_no_value_can_leave_its_place_in_it() {
        let lines = "method = \"POST\"\nrequest = \"https://a.example/graphql\"\njson = { query = \"{{ me {{ id }} }}\", variables = { site = \"{metadata.site}\", first = 1 } }";
        let (account, mut tokens) = (account(lines), tokens());
        let site = SecretText::new("a\"}\n,{metadata.site}").unwrap();
        tokens.metadata = [("site".parse().unwrap(), site)].into_iter().collect();
        let values = Values { tokens: Some(&tokens), ..Values::default() };
        let request = account.prepare(&values).unwrap().unwrap();
        assert_eq!(request.method, Method::Post);
        let body: Value = serde_json::from_str(request.body.expose_secret()).unwrap();
        let expected = serde_json::json!({ "query": "{ me { id } }", "variables": { "site": "a\"}\n,{metadata.site}", "first": 1 } });
        assert_eq!(body, expected);
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        let json = "application/json";
        assert_eq!(headers, [("authorization", "Bearer canary"), ("accept", json), ("content-type", json)]);
        assert!(!format!("{request:?}").contains("metadata.site"));
    }

    #[test]
    fn what_is_posted_without_a_body_says_that_nothing_follows() {
        let account = account("method = \"POST\"\nrequest = \"https://a.example/me\"");
        let request = account.prepare(&Values::default()).unwrap().unwrap();
        assert_eq!((request.method, request.body.expose_secret()), (Method::Post, ""));
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| (*name, value.expose_secret())).collect();
        assert_eq!(headers, [("accept", "application/json"), ("content-length", "0")]);
    }

    #[test]
    fn label_and_facts_are_read_where_they_stand() {
        let account = account(
            "request = \"https://a.example/me\"\nlabel = \"/user/email\"\nmetadata = { cloud = \"/0/id\", id = \"/user/id\" }",
        );
        let read = |body: &str| account.read(Some(body.as_bytes()), None);
        let facts = read(r#"{"user":{"email":"ada@a.example","id":7}}"#);
        assert_eq!(facts.label.as_deref(), Some("ada@a.example"));
        assert_eq!(facts.metadata.iter().count(), 1);
        assert_eq!(read(r#"[{"id":"c1"}]"#).metadata.iter().count(), 1);
        for odd in [
            "",
            "<html>",
            r#"{"user":{"email":null}}"#,
            r#"{"user":{"email":"a\nb"}}"#,
            r#"{"user":{"email":[]}}"#,
        ] {
            assert_eq!(read(odd).label, None, "{odd}");
        }
        let long = read(&format!(r#"{{"user":{{"email":"{}"}}}}"#, "é".repeat(500)));
        assert_eq!(long.label.unwrap().chars().count(), LONGEST_LABEL);
    }

    #[test]
    fn an_id_token_names_the_account() {
        let account = account("label = \"id_token:/email\"");
        let payload = URL_SAFE_NO_PAD.encode(r#"{"email":"ada@a.example"}"#);
        let token = IdToken::new(format!("e30.{payload}.sig")).unwrap();
        let with = |token: IdToken| Tokens { id_token: Some(token), ..tokens() };
        assert_eq!(account.read(None, Some(&with(token))).label.as_deref(), Some("ada@a.example"));
        assert!(account.prepare(&Values::default()).unwrap().is_none());
        for odd in ["x", "a.b.c", "a.%%.c", "..."] {
            assert_eq!(account.read(None, Some(&with(IdToken::new(odd).unwrap()))).label, None, "{odd}");
        }
        assert_eq!(account.read(None, None).label, None);
    }

    #[test]
    fn a_fact_of_the_token_reply_names_the_account() {
        let account = account("label = \"metadata:site\"");
        assert_eq!(account.read(None, Some(&tokens())).label.as_deref(), Some("s 1"));
        let without = Tokens { metadata: Facts::default(), ..tokens() };
        assert_eq!(account.read(None, Some(&without)).label, None);
        assert!(account.prepare(&Values::default()).unwrap().is_none());
    }
}
