//! The kinds of values that stand in several tables.

use std::{collections::BTreeSet, ops::Range};

use super::super::{
    config::Pattern,
    endpoint::{EndpointTemplate, InvalidEndpoint},
    file::{ClientAuth, JsonPointer, Rename},
    table::{Located, Table},
};
use crate::{
    delivery::{InvalidTemplate, Template, Word},
    diagnostic::Report,
    id::FactName,
    suggest::nearest,
    url::{Endpoint, InvalidUrl},
};

/// The words that a place has a use for.
#[derive(Clone, Copy)]
pub(super) enum Place {
    /// What a server gets: every word.
    Delivery,
    /// A parameter or header of the flow: what is known before there are tokens.
    Request,
    /// A header of the account's request: what is known once there are tokens.
    Account,
}

impl Place {
    fn takes(self, word: &Word) -> bool {
        match self {
            Self::Delivery => true,
            Self::Request => matches!(word, Word::ClientId | Word::Config(_) | Word::Metadata(_)),
            Self::Account => {
                matches!(word, Word::ClientId | Word::Config(_) | Word::Metadata(_) | Word::AccessToken)
            }
        }
    }
}

/// An endpoint without values in it.
pub(super) fn fixed_endpoint(text: &Located<&str>, report: &mut Report<'_>) -> Option<Endpoint> {
    checked(text, Endpoint::parse, report)
}

/// A page that only a browser opens.
pub(super) fn page(text: &Located<&str>, report: &mut Report<'_>) -> Option<Endpoint> {
    checked(text, Endpoint::parse_for_browser, report)
}

/// An endpoint, in which values may stand.
pub(super) fn endpoint(text: &Located<&str>, report: &mut Report<'_>) -> Option<EndpointTemplate> {
    match EndpointTemplate::parse(text.value) {
        Ok(endpoint) => Some(endpoint),
        Err(error) => {
            let hint = match &error {
                InvalidEndpoint::Url(error) => secure_hint(text.value, *error),
                InvalidEndpoint::Template(error) => template_hint(error, Place::Request),
                InvalidEndpoint::Word(Word::AccessToken | Word::RefreshToken | Word::IdToken) => {
                    "a token stands in no URL: [account] sends the access token by itself, as Authorization: Bearer; for another header: headers = { NAME = \"{access_token}\" }"
                        .to_owned()
                }
                InvalidEndpoint::HostWord(_) | InvalidEndpoint::Word(_) => {
                    "ask the person with [config.NAME] and write {config.NAME}".to_owned()
                }
            };
            report.error(&text.span, error.to_string(), hint);
            None
        }
    }
}

/// A URL of another kind.
pub(super) fn checked<T>(
    text: &Located<&str>,
    parse: fn(&str) -> Result<T, InvalidUrl>,
    report: &mut Report<'_>,
) -> Option<T> {
    match parse(text.value) {
        Ok(value) => Some(value),
        Err(error) => {
            report.error(
                &text.span,
                format!("the URL can't be used: {error}"),
                secure_hint(text.value, error),
            );
            None
        }
    }
}

fn secure_hint(text: &str, error: InvalidUrl) -> String {
    let rest = text.strip_prefix("http://").filter(|_| error == InvalidUrl::Insecure);
    rest.map_or_else(String::new, |rest| format!("write https://{rest}"))
}

/// A template, with words that the place has a use for.
pub(super) fn template(text: &Located<&str>, place: Place, report: &mut Report<'_>) -> Option<Template> {
    let template = Template::parse(text.value)
        .map_err(|error| report.error(&text.span, error.to_string(), template_hint(&error, place)))
        .ok()?;
    if let Some(word) = template.words().find(|word| !place.takes(word)) {
        let message = format!("`{{{word}}}` can't stand here");
        report.error(&text.span, message, "here: {client_id}, {config.NAME} and {metadata.NAME}");
        return None;
    }
    Some(template)
}

/// What to do about a text that is no template. What stands in a brace of JSON, or alone, is meant as it stands.
fn template_hint(error: &InvalidTemplate, place: Place) -> String {
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.- ".contains(&byte);
    let braces = match error {
        InvalidTemplate::UnknownWord(word) => word.trim().is_empty() || !word.bytes().all(of_name),
        InvalidTemplate::LoneBrace => true,
        InvalidTemplate::Nul => return String::new(),
    };
    if braces {
        let file = match place {
            Place::Delivery => "; a file of JSON is easier with json = { token = \"{access_token}\" }",
            _ => "",
        };
        return format!("a brace that is meant as such is written twice, {{{{ or }}}}{file}");
    }
    let plain = Word::PLAIN.map(|word| word.to_string());
    let meant = error.unknown_word().and_then(|word| nearest(word, plain.iter().map(String::as_str)));
    meant.map_or_else(
        || {
            let words: Vec<_> = plain.iter().map(|word| format!("{{{word}}}")).collect();
            format!("words: {} {{config.NAME}} {{metadata.NAME}}", words.join(" "))
        },
        |meant| format!("did you mean {{{meant}}}?"),
    )
}

/// Parameters in the file's order; those that the flow itself sets can't be overridden.
pub(super) fn params(
    table: &mut Table<'_>,
    key: &'static str,
    reserved: &[&str],
    report: &mut Report<'_>,
) -> Vec<(String, Template)> {
    let mut params = Vec::new();
    for (name, value) in table.pairs(key, report) {
        if reserved.contains(&name.value) {
            let message =
                format!("`{}` is set by the flow itself and can't be a custom parameter", name.value);
            report.error(&name.span, message, "remove it");
        } else if name.value.is_empty() || name.value.chars().chain(value.value.chars()).any(char::is_control)
        {
            report.error(&name.span, "a parameter is empty or holds a control character", "remove it");
        } else if let Some(template) = template(&value, Place::Request, report) {
            params.push((name.value.to_owned(), template));
        }
    }
    params
}

/// No parameter twice (RFC 6749 §3.1 and §3.2). Services differ in which of two they take: one in the endpoint's own query could stand
/// for the flow's.
pub(super) fn once(
    endpoint: &EndpointTemplate,
    span: &Range<usize>,
    reserved: &[&str],
    params: &[(String, Template)],
    report: &mut Report<'_>,
) {
    let mut seen = BTreeSet::new();
    for (name, _) in url::form_urlencoded::parse(endpoint.query().as_bytes()) {
        let twice = reserved.contains(&name.as_ref())
            || params.iter().any(|(param, _)| *param == name)
            || !seen.insert(name.clone());
        if twice {
            let message =
                format!("the endpoint's query has `{}`, which would then stand twice", name.escape_debug());
            report.error(span, message, "remove it from the endpoint");
        }
    }
}

/// Headers that the client sets itself, or that steer the connection.
const RESERVED_HEADERS: [&str; 12] = [
    "authorization",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Further headers of a request.
pub(super) fn headers(
    table: &mut Table<'_>,
    place: Place,
    report: &mut Report<'_>,
) -> Vec<(String, Template)> {
    let mut headers = Vec::new();
    for (name, value) in table.pairs("headers", report) {
        let lower = name.value.to_ascii_lowercase();
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        // A session that was read in a window is shown as it is: most often as a cookie.
        let of_account = matches!(place, Place::Account) && ["authorization", "cookie"].contains(&&*lower);
        if RESERVED_HEADERS.contains(&&*lower) && !of_account {
            report.error(
                &name.span,
                format!("the header `{}` is set by Keyferry itself", name.value),
                "remove it",
            );
        } else if lower.is_empty() || !lower.bytes().all(token) {
            report.error(
                &name.span,
                format!("`{}` is no name of a header", name.value),
                "letters, digits and '-'",
            );
        } else if !value.value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
            report.error(
                &value.span,
                "the header's value is not visible ASCII",
                "remove the other characters",
            );
        } else if let Some(template) = template(&value, place, report) {
            headers.push((lower, template));
        }
    }
    headers
}

/// What the service calls standard parameters.
pub(super) fn rename(table: &mut Table<'_>, known: &[&str], report: &mut Report<'_>) -> Rename {
    let mut names = Vec::new();
    for (from, to) in table.pairs("rename", report) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
        if !known.contains(&from.value) {
            let hint = nearest(from.value, known.iter().copied())
                .map_or_else(|| known.join(", "), |meant| format!("did you mean `{meant}`?"));
            report.error(&from.span, format!("`{}` is no standard parameter here", from.value), hint);
        } else if !to.value.bytes().all(plain) || to.value.len() > 64 {
            report.error(&to.span, "this can't be a parameter's name", "letters, digits, '_', '-' and '.'");
        } else if to.value.is_empty() && PROTECTED.contains(&from.value) {
            let message = format!("`{}` can't be dropped: it protects the sign-in", from.value);
            report.error(&to.span, message, "name what the service calls it");
        } else {
            names.push((from.value.to_owned(), to.value.to_owned()));
        }
    }
    Rename(names)
}

/// Without these a sign-in could be taken over.
const PROTECTED: [&str; 4] = ["state", "code_challenge", "code_challenge_method", "code_verifier"];

/// A JSON Pointer.
pub(super) fn pointer(text: &Located<&str>, report: &mut Report<'_>) -> Option<JsonPointer> {
    let pointer = JsonPointer::parse(text.value);
    if pointer.is_none() {
        report.error(&text.span, "this is no JSON Pointer (RFC 6901)", pointer_hint(text.value));
    }
    pointer
}

/// The pointer that was likely meant by a path in another notation, such as `$.data.token` or a word of a template.
fn pointer_hint(text: &str) -> String {
    if text.starts_with('/') {
        return "a `~` in a name is written ~0, a slash in it ~1".to_owned();
    }
    let inner = text.trim_start_matches(['$', '.', '#', '{']).trim_end_matches('}');
    let inner = inner.strip_prefix("metadata.").unwrap_or(inner).replace(['.', '['], "/").replace(']', "");
    format!("begin with a slash: \"/{}\"", inner.trim_start_matches('/'))
}

/// Facts by name, each with the pointer to it.
pub(super) fn pointers(table: &mut Table<'_>, report: &mut Report<'_>) -> Vec<(FactName, JsonPointer)> {
    let mut pointers = Vec::new();
    for (name, value) in table.pairs("metadata", report) {
        if let (Some(name), Some(pointer)) = (fact_name(&name, report), pointer(&value, report)) {
            pointers.push((name, pointer));
        }
    }
    pointers
}

/// The name of a fact.
pub(super) fn fact_name(text: &Located<&str>, report: &mut Report<'_>) -> Option<FactName> {
    let name = text.value.parse();
    name.map_err(|error: crate::id::InvalidId| report.error(&text.span, error.to_string(), "")).ok()
}

/// A client authentication method.
pub(super) fn client_auth(text: &Located<&str>, report: &mut Report<'_>) -> Option<ClientAuth> {
    let known = ["client_secret_post", "client_secret_basic", "private_key_jwt", "none"];
    match text.value {
        "client_secret_post" => Some(ClientAuth::ClientSecretPost),
        "client_secret_basic" => Some(ClientAuth::ClientSecretBasic),
        "private_key_jwt" => Some(ClientAuth::PrivateKeyJwt),
        "none" => Some(ClientAuth::None),
        other => {
            let hint = nearest(other, known)
                .map_or_else(|| known.join(", "), |meant| format!("did you mean \"{meant}\"?"));
            report.error(&text.span, "`client_auth` names no known method", hint);
            None
        }
    }
}

/// One of a few words.
pub(super) fn one_of<T: Copy>(
    table: &mut Table<'_>,
    key: &'static str,
    words: &[(&str, T)],
    report: &mut Report<'_>,
) -> Option<T> {
    let text = table.text(key, report)?;
    let found = words.iter().find(|(word, _)| *word == text.value).map(|(_, value)| *value);
    if found.is_none() {
        let known: Vec<_> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        report.error(&text.span, format!("`{key}` is not one of {}", known.join(", ")), "");
    }
    found
}

/// A pattern that whole values must match.
pub(super) fn pattern(table: &mut Table<'_>, report: &mut Report<'_>) -> Option<(Pattern, Range<usize>)> {
    let text = table.text("pattern", report)?;
    match Pattern::parse(text.value) {
        Ok(pattern) => Some((pattern, text.span)),
        Err(error) => {
            let message = error.to_string();
            let cause = message.lines().last().unwrap_or_default().trim_start_matches("error: ");
            report.error(
                &text.span,
                format!("`pattern` is no regular expression: {cause}"),
                "such as \"[a-z0-9-]+\"",
            );
            None
        }
    }
}
