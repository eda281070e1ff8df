//! TOML → [`ProviderFile`], with every mistake reported at once.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use toml::de::DeTable;

use super::{
    file::{Authorization, ClientAuth, Pkce, ProviderFile, Revocation, TokenEndpoint},
    table::{Located, Table},
};
use crate::{
    delivery::{EnvName, Template, Word},
    diagnostic::{Diagnostics, Report},
    flow::authorize::RESERVED_PARAMETERS,
    id::{ClientId, ProviderName},
    scope::Scope,
    suggest::nearest,
    url::{Endpoint, InvalidUrl, Issuer},
};

/// The longest provider file that is read, in bytes. Real ones are below 4 KiB.
const LONGEST: usize = 256 * 1024;

/// A provider file that can be used, and what its author should still look at.
#[derive(Debug)]
pub struct Checked {
    /// The file as understood.
    pub file: ProviderFile,
    /// Findings that don't prevent its use.
    pub warnings: Diagnostics,
}

impl ProviderFile {
    /// Reads a provider file. `shown` is the path as the person named it.
    ///
    /// # Errors
    /// All findings, warnings among them, when at least one is an error.
    pub fn parse(name: ProviderName, shown: &str, text: &str) -> Result<Checked, Diagnostics> {
        let mut report = Report::new(shown, text);
        let file = parse(name, text, &mut report);
        let findings = report.finish();
        match file {
            Some(file) if !findings.has_errors() => Ok(Checked { file, warnings: findings }),
            _ => Err(findings),
        }
    }
}

fn parse(name: ProviderName, text: &str, report: &mut Report<'_>) -> Option<ProviderFile> {
    if text.len() > LONGEST {
        report.error(
            &(0..0),
            "the file is longer than 256 KiB",
            "a provider file describes one service; is this one?",
        );
        return None;
    }
    let (document, syntax_errors) = DeTable::parse_recoverable(text);
    for error in &syntax_errors {
        report.error(&error.span().unwrap_or(0..0), error.message(), "this is not TOML; see https://toml.io");
    }
    if !syntax_errors.is_empty() {
        return None;
    }
    let mut top = Table::new("", 0..0, document.get_ref());
    let display_name =
        top.required_text("display_name", "My Service", report).map(|text| text.value.to_owned());
    let documentation_url = top.text("documentation_url", report).and_then(|text| endpoint(&text, report));
    let notes = top.text("notes", report).map(|text| text.value.to_owned());
    let categories = top.texts("categories", report).iter().map(|text| text.value.to_owned()).collect();
    let client_id = top.text("client_id", report).and_then(|text| client_id(&text, report));
    let authorization =
        required_table(&mut top, "authorization", report).and_then(|table| authorization(table, report));
    let token = required_table(&mut top, "token", report).and_then(|table| token(table, report));
    let revocation = top.table("revocation", report).and_then(|table| revocation(table, report));
    let env = env(&mut top, report);
    top.finish(table_of_key, report);
    Some(ProviderFile {
        name,
        display_name: display_name?,
        documentation_url,
        notes,
        categories,
        client_id,
        authorization: authorization?,
        token: token?,
        revocation,
        env,
    })
}

fn required_table<'t>(top: &mut Table<'t>, key: &'static str, report: &mut Report<'_>) -> Option<Table<'t>> {
    let known = top.get(key).is_some();
    if !known {
        report.error(
            top.span(),
            format!("the table [{key}] is missing"),
            format!("add [{key}] with endpoint = \"https://…\""),
        );
    }
    if known { top.table(key, report) } else { None }
}

fn authorization(mut table: Table<'_>, report: &mut Report<'_>) -> Option<Authorization> {
    let written = table.required_text("endpoint", "https://service.example/authorize", report);
    let endpoint = written.as_ref().and_then(|text| endpoint(text, report));
    let issuer = table.text("issuer", report).and_then(|text| checked(&text, Issuer::parse, report));
    let scopes = table.texts("scopes", report).iter().filter_map(|text| scope(text, report)).collect();
    let scope_separator = table.text("scope_separator", report);
    let scope_separator =
        scope_separator.and_then(|text| separator(&text, report)).unwrap_or_else(|| " ".to_owned());
    let pkce = table.text("pkce", report).and_then(|text| pkce(&text, report)).unwrap_or(Pkce::S256);
    let params = params(&mut table, RESERVED_PARAMETERS, report);
    if let (Some(endpoint), Some(written)) = (&endpoint, &written) {
        once(endpoint, &written.span, RESERVED_PARAMETERS, &params, report);
    }
    table.finish(table_of_key, report);
    Some(Authorization { endpoint: endpoint?, issuer, scopes, scope_separator, pkce, params })
}

fn token(mut table: Table<'_>, report: &mut Report<'_>) -> Option<TokenEndpoint> {
    let written = table.required_text("endpoint", "https://service.example/token", report);
    let endpoint = written.as_ref().and_then(|text| endpoint(text, report));
    let client_auth = table.text("client_auth", report).and_then(|text| client_auth(&text, report));
    let params = params(&mut table, crate::flow::exchange::RESERVED_PARAMETERS, report);
    if let (Some(endpoint), Some(written)) = (&endpoint, &written) {
        once(endpoint, &written.span, crate::flow::exchange::RESERVED_PARAMETERS, &params, report);
    }
    table.finish(table_of_key, report);
    Some(TokenEndpoint {
        endpoint: endpoint?,
        client_auth: client_auth.unwrap_or(ClientAuth::ClientSecretPost),
        params,
    })
}

fn revocation(mut table: Table<'_>, report: &mut Report<'_>) -> Option<Revocation> {
    let endpoint = table
        .required_text("endpoint", "https://service.example/revoke", report)
        .and_then(|text| endpoint(&text, report));
    table.finish(table_of_key, report);
    Some(Revocation { endpoint: endpoint? })
}

fn env(top: &mut Table<'_>, report: &mut Report<'_>) -> BTreeMap<EnvName, Template> {
    let mut env = BTreeMap::new();
    for (name, value) in top.pairs("env", report) {
        let known = name.value.parse::<EnvName>().map_err(|error| {
            report.error(
                &name.span,
                format!("`{}` can't be a variable: {error}", name.value),
                "such as MY_SERVICE_TOKEN",
            );
        });
        let template = template(&value, report);
        if let (Ok(known), Some(template)) = (known, template) {
            if template.words().any(|word| word == Word::RefreshToken) {
                let message = format!("{} hands the refresh token to the server", name.value);
                report.warning(
                    &value.span,
                    message,
                    "a provider that rotates revokes what has two owners; leave it out",
                );
            }
            env.insert(known, template);
        }
    }
    env
}

fn template(text: &Located<&str>, report: &mut Report<'_>) -> Option<Template> {
    match Template::parse(text.value) {
        Ok(template) => Some(template),
        Err(error) => {
            let hint = error
                .unknown_word()
                .and_then(|word| nearest(word, Word::ALL.iter().map(|known| known.name())));
            let hint = hint.map_or_else(
                || format!("words: {}", Word::ALL.map(|word| format!("{{{}}}", word.name())).join(" ")),
                |meant| format!("did you mean {{{meant}}}?"),
            );
            report.error(&text.span, error.to_string(), hint);
            None
        }
    }
}

/// Parameters in the file's order; those that the flow itself sets can't be overridden.
fn params(table: &mut Table<'_>, reserved: &[&str], report: &mut Report<'_>) -> Vec<(String, String)> {
    let mut params = Vec::new();
    for (name, value) in table.pairs("params", report) {
        if reserved.contains(&name.value) {
            let message =
                format!("`{}` is set by the flow itself and can't be a custom parameter", name.value);
            report.error(&name.span, message, "remove it");
        } else if name.value.is_empty() || name.value.chars().chain(value.value.chars()).any(char::is_control)
        {
            report.error(&name.span, "a parameter is empty or holds a control character", "remove it");
        } else {
            params.push((name.value.to_owned(), value.value.to_owned()));
        }
    }
    params
}

/// No parameter twice (RFC 6749 §3.1 and §3.2). Services differ in which of two they take: one in the endpoint's own query could stand
/// for the flow's.
fn once(
    endpoint: &Endpoint,
    span: &Range<usize>,
    reserved: &[&str],
    params: &[(String, String)],
    report: &mut Report<'_>,
) {
    let mut seen = BTreeSet::new();
    for (name, _) in endpoint.url().query_pairs() {
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

fn endpoint(text: &Located<&str>, report: &mut Report<'_>) -> Option<Endpoint> {
    checked(text, Endpoint::parse, report)
}

fn checked<T>(
    text: &Located<&str>,
    parse: fn(&str) -> Result<T, InvalidUrl>,
    report: &mut Report<'_>,
) -> Option<T> {
    match parse(text.value) {
        Ok(value) => Some(value),
        Err(error) => {
            let hint = text.value.strip_prefix("http://").filter(|_| error == InvalidUrl::Insecure);
            let hint = hint.map_or_else(String::new, |rest| format!("write https://{rest}"));
            report.error(&text.span, format!("the URL can't be used: {error}"), hint);
            None
        }
    }
}

fn scope(text: &Located<&str>, report: &mut Report<'_>) -> Option<Scope> {
    Scope::new(text.value)
        .map_err(|error| {
            report.error(&text.span, error.to_string(), "one scope an item: scopes = [\"read\", \"write\"]");
        })
        .ok()
}

fn separator(text: &Located<&str>, report: &mut Report<'_>) -> Option<String> {
    let known = [" ", ",", ";", "+", "|"].contains(&text.value);
    if !known {
        report.error(
            &text.span,
            "`scope_separator` is not one of \" \", \",\", \";\", \"+\", \"|\"",
            "most services: \" \"",
        );
    }
    known.then(|| text.value.to_owned())
}

fn pkce(text: &Located<&str>, report: &mut Report<'_>) -> Option<Pkce> {
    match text.value {
        "S256" => Some(Pkce::S256),
        "none" => Some(Pkce::None),
        _ => {
            report.error(
                &text.span,
                "`pkce` is \"S256\" or \"none\"",
                "S256, unless the service refuses it; plain does not exist",
            );
            None
        }
    }
}

fn client_auth(text: &Located<&str>, report: &mut Report<'_>) -> Option<ClientAuth> {
    match text.value {
        "client_secret_post" => Some(ClientAuth::ClientSecretPost),
        "client_secret_basic" => Some(ClientAuth::ClientSecretBasic),
        "none" => Some(ClientAuth::None),
        other => {
            let known = ["client_secret_post", "client_secret_basic", "none"];
            let hint = nearest(other, known)
                .map_or_else(|| known.join(", "), |meant| format!("did you mean \"{meant}\"?"));
            report.error(&text.span, "`client_auth` names no known method", hint);
            None
        }
    }
}

fn client_id(text: &Located<&str>, report: &mut Report<'_>) -> Option<ClientId> {
    text.value
        .parse()
        .map_err(|_| report.error(&text.span, "this can't be a client id", "visible ASCII, without spaces"))
        .ok()
}

/// The table in which a key lives that is often written elsewhere.
fn table_of_key(key: &str) -> Option<&'static str> {
    match key {
        "scopes" | "scope_separator" | "pkce" | "issuer" => Some("authorization"),
        "client_auth" => Some("token"),
        "display_name" | "documentation_url" | "notes" | "categories" | "client_id" => {
            Some("the top, before the first table")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
