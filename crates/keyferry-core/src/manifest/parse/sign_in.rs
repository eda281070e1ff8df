//! `archestra_config`: the account a server needs.

use super::ProviderPlaces;
use crate::{
    diagnostic::Report,
    id::ProviderName,
    manifest::{
        json::{Node, Object},
        sign_in::{BrowserSignIn, OauthSignIn, SignIn},
    },
    scope::{Scope, Scopes},
};

/// What a manifest might say of a window, and never may: whoever writes a manifest would have a script run in a person's session.
const OF_THE_PROVIDER_FILE: [&str; 10] = [
    "script",
    "tokens",
    "cookie",
    "login_url",
    "loginUrl",
    "allow_hosts",
    "navigationRules",
    "extract_on",
    "extractTokens",
    "local_storage",
];

/// Reads names and whether they are required, and nothing else: an endpoint, a client id or a secret in a manifest would be that of
/// whoever wrote the file.
pub(super) fn read(
    top: &mut Object<'_>,
    is_remote: bool,
    report: &mut Report<'_>,
) -> (SignIn, ProviderPlaces) {
    let mut places = Vec::new();
    let Some(mut config) = top.object("archestra_config", report) else { return (SignIn::default(), places) };
    let oauth =
        config.get("oauth").and_then(|node| oauth(&node, is_remote, &mut places, report)).unwrap_or_default();
    let browser = config.get("browser_based").and_then(|node| browser(&node, &mut places, report));
    config.finish(&[], report);
    (SignIn { oauth, browser }, places)
}

fn oauth(
    node: &Node<'_>,
    is_remote: bool,
    places: &mut ProviderPlaces,
    report: &mut Report<'_>,
) -> Option<OauthSignIn> {
    let mut oauth = node.object(report)?;
    let required = oauth.boolean("required", report).unwrap_or_default();
    let named = oauth.get("provider");
    let provider = named.as_ref().and_then(|node| provider(node, places, report));
    let scopes = oauth.get("scopes").and_then(|node| scopes(&node, report)).unwrap_or_default();
    oauth.finish(&[], report);
    match (provider, required) {
        (Some(provider), required) => Some(OauthSignIn::Provider { provider, required, scopes }),
        (None, true) if named.is_none() && is_remote => Some(OauthSignIn::Discovery),
        (None, true) if named.is_none() => {
            let message = format!("`{}` is required and names no provider", node.path());
            let hint = "add \"provider\": \"…\"; only a remote server's own metadata can stand in for it";
            report.error(&node.span(), message, hint);
            None
        }
        (None, _) => None,
    }
}

fn scopes(node: &Node<'_>, report: &mut Report<'_>) -> Option<Scopes> {
    node.list(report)?.iter().map(|node| scope(node, report)).collect()
}

fn scope(node: &Node<'_>, report: &mut Report<'_>) -> Option<Scope> {
    let scope = Scope::new(&node.text(report)?);
    if let Err(error) = &scope {
        let hint = "write each scope as a text of its own, as the provider's documentation names it";
        report.error(&node.span(), format!("`{}`: {error}", node.path()), hint);
    }
    scope.ok()
}

fn browser(node: &Node<'_>, places: &mut ProviderPlaces, report: &mut Report<'_>) -> Option<BrowserSignIn> {
    let mut browser = node.object(report)?;
    let required = browser.boolean("required", report).unwrap_or_default();
    let provider = browser.get("provider").and_then(|node| provider(&node, places, report));
    for key in OF_THE_PROVIDER_FILE {
        if let Some(node) = browser.get(key) {
            let hint = "a manifest names a provider; where a window may go and what is read in it, that provider's own file says";
            report.error(&node.span(), format!("`{}` has no place in a manifest", node.path()), hint);
        }
    }
    browser.finish(&[], report);
    Some(BrowserSignIn { provider, required })
}

fn provider(node: &Node<'_>, places: &mut ProviderPlaces, report: &mut Report<'_>) -> Option<ProviderName> {
    match node.text(report)?.parse::<ProviderName>() {
        Ok(name) => {
            places.push((name.clone(), node.span()));
            Some(name)
        }
        Err(error) => {
            let hint = "a provider is named exactly as its file, without .toml";
            report.error(&node.span(), format!("`{}`: {error}", node.path()), hint);
            None
        }
    }
}
