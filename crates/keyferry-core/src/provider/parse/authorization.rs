//! `[authorization]` and `[callback]`.

use super::{
    super::{
        file::{Authorization, CallbackFormat, Pkce, Redirect},
        table::{Located, Table},
    },
    hint_for_key,
    value::{checked, endpoint, fact_name, once, one_of, params, rename},
};
use crate::{diagnostic::Report, flow::authorize::RESERVED_PARAMETERS, scope::Scope, url::Issuer};

/// Standard parameters that a service may call otherwise.
pub(in crate::provider) const RENAMEABLE: &[&str] =
    &["response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"];

pub(super) fn authorization(mut table: Table<'_>, report: &mut Report<'_>) -> Option<Authorization> {
    let written = table.required_text("endpoint", "https://service.example/authorize", report);
    let endpoint = written.as_ref().and_then(|text| endpoint(text, report));
    let issuer = table.text("issuer", report).and_then(|text| checked(&text, Issuer::parse, report));
    let scopes = table.texts("scopes", report).iter().filter_map(|text| scope(text, report)).collect();
    let scope_param = table.text("scope_param", report).and_then(|text| parameter_name(&text, report));
    let scope_separator = table.text("scope_separator", report).and_then(|text| separator(&text, report));
    let pkce = pkce(&mut table, report);
    let params = params(&mut table, "params", RESERVED_PARAMETERS, report);
    if let (Some(endpoint), Some(written)) = (&endpoint, &written) {
        once(endpoint, &written.span, RESERVED_PARAMETERS, &params, report);
    }
    let rename = rename(&mut table, RENAMEABLE, report);
    let fragment = table.text("fragment", report).and_then(|text| fragment(&text, report));
    let redirects = [("loopback", Redirect::Loopback), ("proxy", Redirect::Proxy)];
    let redirect = one_of(&mut table, "redirect", &redirects, report);
    table.finish(hint_for_key, report);
    Some(Authorization {
        endpoint: endpoint?,
        issuer,
        scopes,
        scope_param: scope_param.unwrap_or_else(|| "scope".to_owned()),
        scope_separator: scope_separator.unwrap_or_else(|| " ".to_owned()),
        pkce: pkce.unwrap_or(Pkce::S256),
        params,
        rename,
        fragment,
        redirect: redirect.unwrap_or(Redirect::Loopback),
    })
}

pub(super) fn callback(table: Option<Table<'_>>, report: &mut Report<'_>) -> CallbackFormat {
    let mut format = CallbackFormat { code: "code".to_owned(), metadata: Vec::new() };
    let Some(mut table) = table else { return format };
    if let Some(code) = table.text("code", report).and_then(|text| parameter_name(&text, report)) {
        format.code = code;
    }
    for name in table.texts("metadata", report) {
        if ["state", "code", "error", "iss"].contains(&name.value) {
            let message = format!("`{}` is no fact: the flow itself uses it", name.value);
            report.error(&name.span, message, "remove it");
        } else if let Some(name) = fact_name(&name, report) {
            format.metadata.push(name);
        }
    }
    table.finish(hint_for_key, report);
    format
}

fn parameter_name(text: &Located<&str>, report: &mut Report<'_>) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let good = (1..=64).contains(&text.value.len()) && text.value.bytes().all(plain);
    if !good || ["state", "error", "iss", "redirect_uri", "client_id"].contains(&text.value) {
        report.error(&text.span, format!("`{}` can't be this parameter's name", text.value), "");
        return None;
    }
    Some(text.value.to_owned())
}

fn scope(text: &Located<&str>, report: &mut Report<'_>) -> Option<Scope> {
    if text.value.contains([',', ';', '|']) {
        let message = format!("`{}` looks like several scopes", text.value);
        let hint = "one scope an item, and what stands between them in scope_separator: scopes = [\"a\", \"b\"], scope_separator = \",\"";
        report.warning(&text.span, message, hint);
    }
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

fn pkce(table: &mut Table<'_>, report: &mut Report<'_>) -> Option<Pkce> {
    if let Some((value, flag)) = table.get("pkce").and_then(|value| Some((value, value.get_ref().as_bool()?)))
    {
        let hint = if flag { "write \"S256\", or leave it out" } else { "write \"none\"" };
        report.error(&value.span(), format!("`authorization.pkce` is the truth value {flag}"), hint);
        return None;
    }
    let text = table.text("pkce", report)?;
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

/// What stands behind `#`. It reaches the service's page alone.
fn fragment(text: &Located<&str>, report: &mut Report<'_>) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./=".contains(&byte);
    let good = (1..=128).contains(&text.value.len()) && text.value.bytes().all(plain);
    if !good {
        report.error(
            &text.span,
            "this can't be a fragment",
            "without the `#`: letters, digits, '_', '-', '.', '/', '='",
        );
    }
    good.then(|| text.value.to_owned())
}
