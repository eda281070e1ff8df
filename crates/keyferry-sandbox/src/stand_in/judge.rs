//! What a service would not like about a request, in plain sentences. None of them holds a secret.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

use super::{
    Client, Progress,
    demands::{
        AccountDemand, Authentication, AuthorizeDemand, BodyFormat, Demands, StepDemand, TokenDemand,
        TokenKind,
    },
    recording::Recording,
    request::{Format, Part, Request, is_token},
};
use crate::pkce::{Verifier, s256_fits};

/// The one client assertion type (RFC 7523 §2.2).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A judgement in the making.
pub(super) struct Judge<'a> {
    pub(super) recording: &'a Recording,
    pub(super) client: &'a Client,
    pub(super) origin: &'a str,
    pub(super) progress: &'a Progress,
    pub(super) request: &'a Request,
    pub(super) findings: Vec<String>,
}

/// One POST of a client, as demanded.
struct Demanded<'d> {
    what: &'static str,
    endpoint: &'d str,
    method: &'d str,
    authentication: Option<Authentication>,
    format: Option<BodyFormat>,
    params: &'d [String],
    headers: &'d BTreeMap<String, String>,
}

impl Judge<'_> {
    /// Judges a request in its part.
    pub(super) fn judge(mut self, part: Part) -> Vec<String> {
        let Demands { authorize, token, refresh, revoke, account, .. } = &self.recording.demands;
        match part {
            Part::Authorization => authorize.iter().for_each(|demand| self.authorization(demand)),
            Part::Token => token.iter().for_each(|demand| self.exchange(demand)),
            Part::Refresh => self.step("the refresh", token.as_ref(), refresh.as_ref()),
            Part::Revocation => self.step("the revocation", token.as_ref(), revoke.as_ref()),
            Part::Account => {
                if token.is_some() {
                    self.account(account.as_ref());
                }
            }
        }
        self.findings
    }

    fn find(&mut self, finding: impl Into<String>) {
        self.findings.push(finding.into());
    }

    fn authorization(&mut self, demand: &AuthorizeDemand) {
        self.endpoint("the authorization request", &demand.endpoint);
        self.once("the authorization request");
        let redirect_uri = self.request.get("redirect_uri");
        if demand.https_redirect && !redirect_uri.is_some_and(|uri| uri.starts_with("https://")) {
            self.find("the service takes only redirect URIs that begin with https://");
        }
        for (name, expected) in &demand.params {
            match self.request.get(name) {
                None => self.find(format!("the authorization URL lacks `{name}={expected}`")),
                Some(value) if value != expected => {
                    let finding = if name.contains("state") {
                        format!("the authorization URL has another `{name}` than `{expected}`")
                    } else {
                        format!(
                            "the authorization URL has `{name}={value}`, the service asks for `{expected}`"
                        )
                    };
                    self.find(finding);
                }
                Some(_) => {}
            }
        }
        for name in &demand.present {
            if self.request.get(name).is_none_or(str::is_empty) {
                self.find(format!("the authorization URL lacks `{name}`"));
            }
        }
        for name in &demand.absent {
            if self.request.get(name).is_some() {
                self.find(format!("the authorization URL has `{name}`, which the service does not take"));
            }
        }
    }

    fn exchange(&mut self, demand: &TokenDemand) {
        // The further requests of an exchange are the service's own; what they must carry is the token before.
        if self.progress.tokens_sent > 0 {
            self.carries_a_token("the further token request", None);
            return;
        }
        self.posted(&Demanded {
            what: "the token request",
            endpoint: &demand.endpoint,
            method: "POST",
            authentication: Some(demand.authentication),
            format: Some(demand.format),
            params: &demand.params,
            headers: &demand.headers,
        });
        self.code();
        self.pkce();
    }

    fn code(&mut self) {
        let Some(callback) = &self.recording.callback else { return };
        if !self.request.parameters().any(|(name, value)| name != "state" && callback.holds(value)) {
            self.find("the token request does not carry the code of the redirect");
        }
        self.redirect_uri("the token request");
    }

    /// One that is sent is that of the authorization request (RFC 6749 §4.1.3).
    fn redirect_uri(&mut self, what: &str) {
        let asked = self.progress.redirect_uri.as_deref();
        if self.request.get("redirect_uri").is_some_and(|sent| asked.is_some_and(|asked| asked != sent)) {
            self.find(format!(
                "{what} has another `redirect_uri` than the authorization request (RFC 6749 §4.1.3)"
            ));
        }
    }

    /// RFC 7636 §4.6
    fn pkce(&mut self) {
        let verifier = self.request.get("code_verifier");
        let finding = match (&self.progress.challenge, verifier) {
            (Some(_), None) => "a `code_challenge` came before, but the token request has no `code_verifier`",
            (None, Some(_)) => "the token request has a `code_verifier`, but no `code_challenge` came before",
            (Some(challenge), Some(text))
                if !Verifier::parse(text).is_some_and(|verifier| s256_fits(&verifier, challenge)) =>
            {
                "the `code_verifier` does not fit the `code_challenge` (RFC 7636 §4.6)"
            }
            _ => return,
        };
        self.find(finding);
    }

    fn step(&mut self, what: &'static str, token: Option<&TokenDemand>, step: Option<&StepDemand>) {
        let Some(step) = step else {
            if token.is_some() {
                self.find(format!("{what} came to {}, but the service has none", self.shown_place()));
            }
            return;
        };
        // A revocation may name the client in the body where other requests use a header.
        let named = step.params.iter().any(|name| name == "client_id" || name == "client_secret");
        let revocation = what == "the revocation";
        let inherited = token
            .map(|token| token.authentication)
            .filter(|kind| !revocation || (*kind == Authentication::Basic && !named));
        self.posted(&Demanded {
            what,
            endpoint: &step.endpoint,
            method: step.method.as_deref().unwrap_or("POST"),
            authentication: step.authentication.or(inherited),
            format: step.format.or(token.map(|token| token.format)),
            params: &step.params,
            headers: &step.headers,
        });
        self.carries_a_token(what, step.token);
        self.redirect_uri(what);
    }

    /// What a refresh spends, or a revocation ends, is a token that was handed out.
    fn carries_a_token(&mut self, what: &str, kind: Option<TokenKind>) {
        let recording = self.recording;
        let known = |value: &str| {
            value.len() > 3
                && recording.tokens.iter().chain(&recording.refresh).any(|reply| match kind {
                    Some(kind) => reply.holds_as(kind.as_str(), value),
                    None => reply.holds(value),
                })
        };
        let in_parameters = self.request.parameters().filter(|(name, _)| is_token(name));
        let mut carried = in_parameters.map(|(_, value)| value.as_str()).chain(self.request.bearer());
        if !carried.any(known) {
            let kind = kind.map_or("token", TokenKind::as_str);
            self.find(format!("{what} carries no {kind} that the service handed out"));
        }
    }

    fn account(&mut self, demand: Option<&AccountDemand>) {
        if let Some(demand) = demand {
            demand.endpoint.iter().for_each(|endpoint| self.endpoint("the account's request", endpoint));
            self.headers("the account's request", &demand.headers);
            self.method("the account's request", demand.method.as_deref().unwrap_or("GET"));
            match (&demand.json, &self.request.json) {
                (None, _) => self.body("the account's request", BodyFormat::None),
                (Some(_), None) => self.body("the account's request", BodyFormat::Json),
                (Some(wanted), Some(sent)) if wanted != sent => {
                    self.find("the body of the account's request is not what the service takes");
                }
                _ => {}
            }
        }
        let bearer =
            |value: &str| value.split_once(' ').map_or(value.to_owned(), |(_, token)| token.to_owned());
        let in_headers = self.request.headers.values().filter_map(|value| value.to_str().ok()).map(bearer);
        let in_query = self.request.query.iter().map(|(_, value)| value.clone());
        let known =
            |value: String| value.len() > 3 && self.recording.tokens.iter().any(|reply| reply.holds(&value));
        if !in_headers.chain(in_query).any(known) {
            self.find("the account's request does not carry the access token");
        }
    }

    fn posted(&mut self, demanded: &Demanded<'_>) {
        let Demanded { what, .. } = *demanded;
        self.endpoint(what, demanded.endpoint);
        self.method(what, demanded.method);
        self.once(what);
        if let Some(format) = demanded.format.filter(|_| self.request.method.as_str() != "GET") {
            self.body(what, format);
        }
        self.exactly(what, demanded.params);
        self.headers(what, demanded.headers);
        if let Some(authentication) = demanded.authentication {
            self.authentication(what, authentication);
        }
        for (name, value) in [("client_id", &self.client.id), ("client_secret", &self.client.secret)] {
            if self.request.get(name).is_some_and(|sent| sent != value) {
                self.find(format!("{what} has another `{name}` than the client's"));
            }
        }
    }

    fn method(&mut self, what: &str, method: &str) {
        if self.request.method.as_str() != method {
            self.find(format!("{what} is a {}, the service asks for {method}", self.request.method));
        }
    }

    fn body(&mut self, what: &str, format: BodyFormat) {
        let finding = match (format, self.request.format) {
            (BodyFormat::None, None) => return,
            (BodyFormat::None, Some(_)) => format!("{what} has a body, which the service does not take"),
            (_, Some(Format::Known(sent))) if sent == format => return,
            (BodyFormat::Form, _) => format!("the body of {what} is not application/x-www-form-urlencoded"),
            (BodyFormat::Json, _) => format!("the body of {what} is not application/json"),
        };
        self.find(finding);
    }

    fn exactly(&mut self, what: &str, params: &[String]) {
        let sent: BTreeSet<&str> = self.request.parameters().map(|(name, _)| name.as_str()).collect();
        let wanted: BTreeSet<&str> = params.iter().map(String::as_str).collect();
        let missing: Vec<_> = wanted.difference(&sent).collect();
        let further: Vec<_> = sent.difference(&wanted).collect();
        let listed =
            |names: &[&&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let findings = [
            (!missing.is_empty()).then(|| format!("{what} lacks {}", listed(&missing))),
            (!further.is_empty())
                .then(|| format!("{what} has {}, which the service does not name", listed(&further))),
        ];
        findings.into_iter().flatten().for_each(|finding| self.find(finding));
    }

    fn once(&mut self, what: &str) {
        let mut seen = BTreeSet::new();
        let repeated: Vec<_> =
            self.request.parameters().filter(|(name, _)| !seen.insert(name.as_str())).collect();
        let findings: Vec<_> =
            repeated.iter().map(|(name, _)| format!("{what} has `{name}` twice")).collect();
        self.findings.extend(findings);
    }

    fn headers(&mut self, what: &str, headers: &BTreeMap<String, String>) {
        for (name, expected) in headers {
            match self.request.header(name) {
                None => self.find(format!("{what} lacks the header `{name}`")),
                Some(value) if !expected.is_empty() && value != expected => {
                    self.find(format!("the header `{name}` of {what} is not `{expected}`"));
                }
                Some(_) => {}
            }
        }
    }

    fn authentication(&mut self, what: &str, wanted: Authentication) {
        let header = self.request.header("authorization");
        let basic =
            format!("Basic {}", STANDARD.encode(format!("{}:{}", self.client.id, self.client.secret)));
        let in_body = self.request.get("client_secret").is_some();
        let finding = match wanted {
            Authentication::Basic if header.is_none() => "does not authenticate with HTTP Basic",
            Authentication::Basic if header != Some(basic.as_str()) => {
                "has an Authorization header that is not the client's id and secret by HTTP Basic"
            }
            Authentication::Basic if in_body => "has the client secret in header and body",
            Authentication::Bearer if self.request.bearer().is_none() => {
                "does not authenticate with the token as a bearer token"
            }
            Authentication::Bearer if in_body => "has a client secret, which the service does not take",
            Authentication::Body | Authentication::None | Authentication::Assertion if header.is_some() => {
                "has an Authorization header, which the service does not take there"
            }
            Authentication::None if in_body => "has a client secret, which the service does not take",
            Authentication::Assertion => return self.assertion(what),
            _ => return,
        };
        self.find(format!("{what} {finding}"));
    }

    /// RFC 7523 §3. The signature is for the proxy's own tests: here nobody registered a key.
    fn assertion(&mut self, what: &str) {
        if self.request.get("client_assertion_type") != Some(JWT_BEARER) {
            self.find(format!("{what} has no `client_assertion_type` of {JWT_BEARER}"));
        }
        let claims = self.request.get("client_assertion").and_then(claims).unwrap_or_default();
        let audience = format!("{}/{}", self.origin, self.request.place);
        let claim = |name: &str| claims.get(name).and_then(Value::as_str);
        if claim("iss") != Some(&self.client.id) || claim("sub") != Some(&self.client.id) {
            self.find(format!("the assertion of {what} does not name the client as `iss` and `sub`"));
        }
        if claim("aud") != Some(&audience) {
            self.find(format!("the assertion of {what} is not for its endpoint"));
        }
    }

    fn endpoint(&mut self, what: &str, endpoint: &str) {
        let place = |url: &str| {
            let url = url.split(['?', '#']).next().unwrap_or_default();
            url.split_once("://").map_or(url, |(_, place)| place).to_owned()
        };
        if place(endpoint) != self.request.place {
            let finding = format!("{what} went to {}, the service has it at {endpoint}", self.shown_place());
            self.find(finding);
        }
    }

    fn shown_place(&self) -> String {
        format!("https://{}", self.request.place)
    }
}

fn claims(assertion: &str) -> Option<Value> {
    let [_, claims, _] = assertion.split('.').collect::<Vec<_>>().try_into().ok()?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}
