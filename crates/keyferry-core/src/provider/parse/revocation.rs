//! `[revocation]`.

use std::ops::Range;

use super::{
    super::{
        file::{Rename, RequestFormat, Revocation, RevocationAuth, RevocationBody},
        table::Table,
    },
    hint_for_key,
    value::{Place, client_auth, endpoint, headers, once, one_of, params, rename},
};
use crate::{
    diagnostic::Report,
    flow::{client::Method, exchange::RESERVED_PARAMETERS, revoke::TokenTypeHint},
};

/// Standard parameters that a service may call otherwise.
pub(in crate::provider) const RENAMEABLE: &[&str] =
    &["token", "token_type_hint", "client_id", "client_secret"];

pub(super) fn revocation(mut table: Table<'_>, report: &mut Report<'_>) -> Option<Revocation> {
    let written = table.required_text("endpoint", "https://service.example/revoke", report);
    let endpoint = written.as_ref().and_then(|text| endpoint(text, report));
    let methods = [("POST", Method::Post), ("DELETE", Method::Delete)];
    let method = one_of(&mut table, "method", &methods, report);
    let formats = [
        ("form", RevocationBody::In(RequestFormat::Form)),
        ("json", RevocationBody::In(RequestFormat::Json)),
        ("none", RevocationBody::None),
    ];
    let body = one_of(&mut table, "request_format", &formats, report).unwrap_or(RevocationBody::AsToken);
    let params = params(&mut table, "params", RESERVED_PARAMETERS, report);
    if let (Some(endpoint), Some(written)) = (&endpoint, &written) {
        let reserved = [RESERVED_PARAMETERS, RENAMEABLE].concat();
        once(endpoint, &written.span, &reserved, &params, report);
    }
    let headers = table.get("headers").is_some().then(|| headers(&mut table, Place::Request, report));
    let rename = table.get("rename").is_some().then(|| rename(&mut table, RENAMEABLE, report));
    let kinds =
        [("refresh_token", TokenTypeHint::RefreshToken), ("access_token", TokenTypeHint::AccessToken)];
    let token = one_of(&mut table, "token", &kinds, report);
    let authentication = authentication(&mut table, report);
    let bodiless = (!params.is_empty(), rename.is_some());
    without_body(table.span(), body, bodiless, authentication, report);
    unsent(table.span(), rename.as_ref(), authentication, report);
    table.finish(hint_for_key, report);
    Some(Revocation {
        endpoint: endpoint?,
        method: method.unwrap_or(Method::Post),
        body,
        params,
        headers,
        rename,
        token,
        authentication,
    })
}

/// The client or the token: one of them authenticates.
fn authentication(table: &mut Table<'_>, report: &mut Report<'_>) -> RevocationAuth {
    let written = table.text("client_auth", report);
    let own = written.as_ref().and_then(|text| client_auth(text, report));
    let bearer = table.flag("bearer", report).unwrap_or(false);
    if let (Some(written), true) = (&written, bearer) {
        let message = "with `bearer` the token authenticates in the client's place";
        report.error(&written.span, message, "remove `client_auth` or `bearer`");
    }
    match own {
        _ if bearer => RevocationAuth::Bearer,
        Some(own) => RevocationAuth::Client(own),
        None => RevocationAuth::AsToken,
    }
}

/// What has no place in a request without a body.
fn without_body(
    span: &Range<usize>,
    body: RevocationBody,
    (params, rename): (bool, bool),
    authentication: RevocationAuth,
    report: &mut Report<'_>,
) {
    if body != RevocationBody::None {
        return;
    }
    if authentication != RevocationAuth::Bearer {
        let message = "without a body nothing carries the token";
        report.error(span, message, "add bearer = true, or write request_format = \"form\" or \"json\"");
    }
    for (name, _) in [("params", params), ("rename", rename)].iter().filter(|(_, written)| *written) {
        let message = format!("`{name}` has no use without a body");
        report.error(span, message, "remove it, or write request_format = \"form\" or \"json\"");
    }
}

/// A token that stands nowhere in the request.
fn unsent(
    span: &Range<usize>,
    rename: Option<&Rename>,
    authentication: RevocationAuth,
    report: &mut Report<'_>,
) {
    let dropped = rename.is_some_and(|rename| rename.name("token").is_none());
    if dropped && authentication != RevocationAuth::Bearer {
        let message = "`token` can't be dropped: nothing else carries it";
        report.error(span, message, "name what the service calls it, or add bearer = true");
    }
}
