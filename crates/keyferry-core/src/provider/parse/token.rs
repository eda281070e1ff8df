//! `[token]` and `[token.response]`.

use serde_json::Value;
use toml::{Spanned, de::DeValue};

use super::{
    super::{
        file::{ClientAuth, Rename, RequestFormat, TokenEndpoint},
        response::{ErrorRule, Places, ReplyFormat},
        table::{Table, integer, wrong_type},
    },
    hint_for_key,
    value::{Place, client_auth, endpoint, headers, once, one_of, params, pointer, pointers, rename},
};
use crate::{
    diagnostic::Report,
    flow::{error::ErrorCode, exchange::RESERVED_PARAMETERS},
};

/// Standard parameters that a service may call otherwise.
pub(in crate::provider) const RENAMEABLE: &[&str] = &[
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "client_id",
    "client_secret",
    "token",
    "token_type_hint",
];

pub(super) fn token(mut table: Table<'_>, report: &mut Report<'_>) -> Option<TokenEndpoint> {
    let written = table.required_text("endpoint", "https://service.example/token", report);
    let own = written.as_ref().and_then(|text| endpoint(text, report));
    let refresh_endpoint = table.text("refresh_endpoint", report).and_then(|text| endpoint(&text, report));
    let client_auth = table.text("client_auth", report).and_then(|text| client_auth(&text, report));
    let formats = [("form", RequestFormat::Form), ("json", RequestFormat::Json)];
    let request_format = one_of(&mut table, "request_format", &formats, report);
    let params_of_exchange = params(&mut table, "params", RESERVED_PARAMETERS, report);
    if let (Some(own), Some(written)) = (&own, &written) {
        once(own, &written.span, RESERVED_PARAMETERS, &params_of_exchange, report);
    }
    let refresh_params = params(&mut table, "refresh_params", RESERVED_PARAMETERS, report);
    let headers = headers(&mut table, Place::Request, report);
    let rename = rename(&mut table, RENAMEABLE, report);
    let refresh = table.flag("refresh", report);
    let refresh_redirect_uri = repeated(&mut table, &rename, report);
    let rotates = table.flag("rotates", report);
    let expires_in = table.seconds("expires_in", report);
    let refresh_margin = table.seconds("refresh_margin", report);
    let response = table.table("response", report).map(|table| response(table, report));
    table.finish(hint_for_key, report);
    Some(TokenEndpoint {
        endpoint: own?,
        refresh_endpoint,
        client_auth: client_auth.unwrap_or(ClientAuth::ClientSecretPost),
        request_format: request_format.unwrap_or(RequestFormat::Form),
        params: params_of_exchange,
        refresh_params,
        headers,
        rename,
        refresh: refresh.unwrap_or(true),
        refresh_redirect_uri,
        rotates: rotates.unwrap_or(true),
        expires_in,
        refresh_margin,
        response: response.unwrap_or_default(),
    })
}

/// Whether a refresh repeats the redirect URI.
fn repeated(table: &mut Table<'_>, rename: &Rename, report: &mut Report<'_>) -> bool {
    let repeated = table.flag("refresh_redirect_uri", report).unwrap_or(false);
    if repeated && rename.name("redirect_uri").is_none() {
        let span = table.get("refresh_redirect_uri").map(Spanned::span).unwrap_or_default();
        let message = "`rename` drops the `redirect_uri` that a refresh would repeat";
        report.error(&span, message, "remove `refresh_redirect_uri`, or name what the service calls it");
    }
    repeated
}

fn response(mut table: Table<'_>, report: &mut Report<'_>) -> ReplyFormat {
    let mut format = ReplyFormat { standard: false, ..ReplyFormat::default() };
    let mut read = |key: &'static str, slot: &mut Places, report: &mut Report<'_>| {
        if let Some(found) = places(&mut table, key, report) {
            *slot = found;
        }
    };
    read("access_token", &mut format.access_token, report);
    read("token_type", &mut format.token_type, report);
    read("refresh_token", &mut format.refresh_token, report);
    read("expires_in", &mut format.expires_in, report);
    read("scope", &mut format.scope, report);
    read("id_token", &mut format.id_token, report);
    format.expires_at = places(&mut table, "expires_at", report);
    format.metadata = pointers(&mut table, report);
    format.error = table.table("error", report).and_then(|table| error_rule(table, report));
    for (code, meaning) in table.pairs("errors", report) {
        let known = ErrorCode::from_provider(meaning.value);
        if known.as_str() == meaning.value && known != ErrorCode::Unrecognized {
            format.errors.insert(code.value.to_owned(), known);
        } else {
            let message = format!("`{}` is no error code of RFC 6749 §5.2", meaning.value);
            report.error(&meaning.span, message, "invalid_grant, invalid_client, temporarily_unavailable, …");
        }
    }
    table.finish(hint_for_key, report);
    format
}

/// One pointer, or several of which the first that finds something counts.
fn places(table: &mut Table<'_>, key: &'static str, report: &mut Report<'_>) -> Option<Places> {
    let texts = table.text_or_texts(key, report);
    let places: Vec<_> = texts.iter().filter_map(|text| pointer(text, report)).collect();
    (!places.is_empty()).then(|| Places::new(places))
}

fn error_rule(mut table: Table<'_>, report: &mut Report<'_>) -> Option<ErrorRule> {
    let at = table.required_text("at", "/ok", report).and_then(|text| pointer(&text, report));
    let is = values(&mut table, "is", report);
    let not = values(&mut table, "not", report);
    let message = table.text("message", report).and_then(|text| pointer(&text, report));
    table.finish(hint_for_key, report);
    Some(ErrorRule { at: at?, is, not, message })
}

/// A value, or several, of the kinds that tell a failure from a success.
fn values(table: &mut Table<'_>, key: &'static str, report: &mut Report<'_>) -> Vec<Value> {
    let one = |value: &Spanned<DeValue<'_>>, report: &mut Report<'_>| match value.get_ref() {
        DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
        DeValue::Integer(number) => integer(number, value, key, report).map(Value::from),
        DeValue::String(text) => Some(Value::from(text.as_ref())),
        _ => {
            wrong_type(
                value,
                key,
                "a string in quotes, a whole number, true, false, or a list of them",
                report,
            );
            None
        }
    };
    let Some(value) = table.get(key) else { return Vec::new() };
    match value.get_ref() {
        DeValue::Array(items) => items.iter().filter_map(|item| one(item, report)).collect(),
        _ => one(value, report).into_iter().collect(),
    }
}
