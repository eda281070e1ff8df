//! No parameter twice in one request (RFC 6749 §3.1 and §3.2), whatever a file renames and adds. Services differ in which of two they take.

use super::super::file::{OAuth, Rename, RevocationAuth};
use crate::{delivery::Template, diagnostic::Report};

/// Looks through each request that the flow makes.
pub(super) fn no_name_twice(oauth: &OAuth, report: &mut Report<'_>) {
    let (authorization, token) = (&oauth.authorization, &oauth.token);
    let asked = [
        "response_type",
        "client_id",
        "redirect_uri",
        "state",
        "code_challenge",
        "code_challenge_method",
        authorization.scope_param.as_str(),
    ];
    request(&asked, &authorization.rename, &authorization.params, report);
    let client = ["client_id", "client_secret"];
    let exchange = [&client[..], &["grant_type", "code", "redirect_uri", "code_verifier"]].concat();
    request(&exchange, &token.rename, &token.params, report);
    let repeated: &[&str] = if token.refresh_redirect_uri { &["redirect_uri"] } else { &[] };
    let refresh = [&client[..], &["grant_type", "refresh_token"], repeated].concat();
    request(&refresh, &token.rename, &token.refresh_params, report);
    if let Some(revocation) = &oauth.revocation {
        // What authenticates itself names no client.
        let client = if revocation.authentication == RevocationAuth::Bearer { &[] } else { &client[..] };
        let revoke = [client, &["token", "token_type_hint"]].concat();
        request(&revoke, revocation.rename.as_ref().unwrap_or(&token.rename), &revocation.params, report);
    }
}

/// One request: its standard parameters by the names that they get, and those that the file adds.
fn request(standard: &[&str], rename: &Rename, params: &[(String, Template)], report: &mut Report<'_>) {
    let mut seen: Vec<&str> = Vec::new();
    let sent = standard.iter().filter_map(|name| rename.name(name));
    for name in sent.chain(params.iter().map(|(name, _)| name.as_str())) {
        if seen.contains(&name) {
            let renamed = rename.iter().find(|(_, to)| *to == name).map_or(name, |(from, _)| from);
            let span = report.find_value(renamed);
            let message = format!("two parameters of one request are called `{name}`");
            let hint = format!("`{renamed}` gets that name by `rename`; remove the other one, or the rename");
            report.error(&span, message, hint);
            return;
        }
        seen.push(name);
    }
}
