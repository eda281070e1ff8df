//! What only the file as a whole shows: words that nothing defines, hosts that a value decides, access that will end.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::super::{
    endpoint::EndpointTemplate,
    file::{AccountLabel, OAuth, ProviderFile},
    host::{HostRule, is_of_host_characters},
    offline::OfflineAccess,
};
use super::{names::no_name_twice, secrets::secrets, slips::meant_as_words};
use crate::{
    delivery::{FileContent, Template, Word, with_refresh_token},
    diagnostic::Report,
    id::FactName,
    suggest::nearest,
};

pub(super) fn lint(file: &ProviderFile, document: &DeTable<'_>, report: &mut Report<'_>) {
    words(file, report);
    label(file, report);
    if let Some(oauth) = file.oauth() {
        too_early(oauth, report);
        same_endpoint(oauth, report);
        no_name_twice(oauth, report);
        hosts(file, oauth, report);
        refresh(file, oauth, document, report);
    }
    secrets(file, report);
    deliveries(file, report);
}

/// Every word with a name must be defined somewhere, or its variable would never come.
fn words(file: &ProviderFile, report: &mut Report<'_>) {
    let config: BTreeSet<&str> = file.config.keys().map(FactName::as_str).collect();
    let metadata = metadata(file);
    let mut seen = BTreeSet::new();
    for word in all_words(file) {
        let (table, name, known) = match word {
            Word::Config(name) => ("config", name, &config),
            Word::Metadata(name) => ("metadata", name, &metadata),
            _ => continue,
        };
        if known.contains(name.as_str()) || !seen.insert(word.to_string()) {
            continue;
        }
        let hint = nearest(name.as_str(), known.iter().copied()).map_or_else(
            || match table {
                "config" => format!("ask for it with [config.{name}]"),
                _ => format!("name it in `metadata` of [callback], [token.response] or [account]: {{ {name} = \"/…\" }}"),
            },
            |meant| format!("did you mean {{{table}.{meant}}}?"),
        );
        let span = report.find(&format!("{{{word}}}"));
        report.error(&span, format!("nothing defines `{{{word}}}`"), hint);
    }
}

/// A fact that the label names must be one that is known beside the tokens.
fn label(file: &ProviderFile, report: &mut Report<'_>) {
    let label = file.account.as_ref().and_then(|account| account.label.as_ref());
    let (Some(AccountLabel::Fact(name)), Some(oauth)) = (label, file.oauth()) else { return };
    let mut known =
        oauth.callback.metadata.iter().chain(oauth.token.response.metadata.iter().map(|(name, _)| name));
    if !known.any(|known| known == name) {
        let text = format!("metadata:{name}");
        let hint = format!(
            "[token.response] metadata = {{ {name} = \"/…\" }}, or the reply of [account] by a pointer: label = \"/…\""
        );
        report.error(
            &report.find(&text),
            format!("no `metadata` of [callback] or [token.response] names `{name}`"),
            hint,
        );
    }
}

fn same_endpoint(oauth: &OAuth, report: &mut Report<'_>) {
    let (authorization, token) = (oauth.authorization.endpoint.as_str(), oauth.token.endpoint.as_str());
    if authorization == token {
        let span = report.find("[token]");
        let hint = "the authorization endpoint is a page for people, the token endpoint is for programs; the documentation names both";
        report.warning(&span, "both endpoints are the same URL", hint);
    }
}

/// The facts that the file asks to keep.
fn metadata(file: &ProviderFile) -> BTreeSet<&str> {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    if let Some(oauth) = file.oauth() {
        names.extend(oauth.callback.metadata.iter().map(FactName::as_str));
        names.extend(oauth.token.response.metadata.iter().map(|(name, _)| name.as_str()));
    }
    if let Some(browser) = file.browser() {
        names.extend(browser.tokens.iter().map(|token| token.name.as_str()));
    }
    if let Some(account) = &file.account {
        names.extend(account.metadata.iter().map(|(name, _)| name.as_str()));
    }
    names
}

fn all_words(file: &ProviderFile) -> Vec<&Word> {
    let mut words: Vec<&Word> = endpoints(file).into_iter().flat_map(EndpointTemplate::words).collect();
    words.extend(templates(file).into_iter().flat_map(Template::words));
    words.extend(file.files.iter().flat_map(|file| file.path.words()));
    words
}

fn endpoints(file: &ProviderFile) -> Vec<&EndpointTemplate> {
    let mut endpoints = Vec::new();
    if let Some(oauth) = file.oauth() {
        endpoints.extend([&oauth.authorization.endpoint, &oauth.token.endpoint]);
        endpoints.extend(oauth.token.refresh_endpoint.as_ref());
        endpoints.extend(oauth.revocation.as_ref().map(|revocation| &revocation.endpoint));
    }
    endpoints.extend(file.account.as_ref().and_then(|account| account.request.as_ref()));
    endpoints
}

fn templates(file: &ProviderFile) -> Vec<&Template> {
    let mut templates: Vec<&Template> = file.env.values().collect();
    for file in &file.files {
        match &file.content {
            FileContent::Text(template) => templates.push(template),
            FileContent::Json(json) => templates.extend(json.templates()),
        }
    }
    templates.extend(of_requests(file).into_iter().map(|(_, template)| template));
    let body = file.account.iter().filter_map(|account| account.json.as_ref());
    templates.extend(body.flat_map(|json| json.templates()));
    templates
}

/// Every parameter and header that the file adds to a request.
pub(super) fn of_requests(file: &ProviderFile) -> Vec<&(String, Template)> {
    let mut pairs: Vec<&(String, Template)> = Vec::new();
    if let Some(oauth) = file.oauth() {
        pairs.extend(&oauth.authorization.params);
        pairs.extend(&oauth.token.params);
        pairs.extend(&oauth.token.refresh_params);
        pairs.extend(&oauth.token.headers);
        let revocation = oauth.revocation.iter();
        pairs.extend(revocation.clone().flat_map(|revocation| &revocation.params));
        pairs.extend(revocation.filter_map(|revocation| revocation.headers.as_ref()).flatten());
    }
    pairs.extend(file.account.iter().flat_map(|account| &account.headers));
    pairs
}

/// What is known before there are tokens: nothing at the authorization endpoint, and what the callback told at the code exchange.
fn too_early(oauth: &OAuth, report: &mut Report<'_>) {
    let (authorization, token) = (&oauth.authorization, &oauth.token);
    let params = |pairs: &'_ [(String, Template)]| -> Vec<Word> {
        pairs.iter().flat_map(|(_, template)| template.words()).cloned().collect()
    };
    let of = |endpoint: &EndpointTemplate| -> Vec<Word> { endpoint.words().into_iter().cloned().collect() };
    let first = [of(&authorization.endpoint), params(&authorization.params)].concat();
    let exchange = [of(&token.endpoint), params(&token.params)].concat();
    let told = &oauth.callback.metadata;
    for (word, after_callback) in
        first.iter().map(|word| (word, false)).chain(exchange.iter().map(|word| (word, true)))
    {
        let known = match word {
            Word::Metadata(name) => after_callback && told.contains(name),
            Word::Account => false,
            _ => true,
        };
        if !known {
            let span = report.find(&format!("{{{word}}}"));
            let (place, hint) = if after_callback {
                (
                    "the code is redeemed",
                    "only what `metadata` of [callback] names is known here; ask the person with [config.NAME]",
                )
            } else {
                ("the sign-in begins", "ask the person with [config.NAME] and write {config.NAME}")
            };
            report.error(&span, format!("`{{{word}}}` is not known yet when {place}"), hint);
        }
    }
}

/// A value in a host decides who gets codes, tokens and the client secret.
fn hosts(file: &ProviderFile, oauth: &OAuth, report: &mut Report<'_>) {
    let mut open = false;
    let mut warned = BTreeSet::new();
    for endpoint in endpoints(file) {
        for name in endpoint.host_names() {
            let Some(field) = file.config.get(name) else { continue };
            let Some(pattern) = &field.pattern else {
                let span = report.find(&format!("[config.{name}]"));
                let message = format!("`{name}` lands in a host and has no pattern");
                report.error(&span, message, "add pattern = \"[a-z0-9-]+\", or what its values are like");
                continue;
            };
            if !is_of_host_characters(pattern.hir()) && warned.insert(name) {
                let span = report.find(pattern.as_str());
                let message =
                    format!("`{name}` lands in a host, and its pattern matches what no host can hold");
                report.warning(
                    &span,
                    message,
                    "name the characters instead of `.` or `\\\\w`: \"[a-z0-9-]+\"",
                );
            }
        }
        open |= endpoint.host_rule(|name| file.config.get(name)) == HostRule::Anywhere;
    }
    if open {
        let named = oauth.token.endpoint.host_names();
        let span = named.first().map(|name| report.find(&format!("{{config.{name}}}"))).unwrap_or_default();
        report.warning(
            &span,
            "a person can name any host here, and a proxy sends its secret only to hosts that its operator listed",
            format!("end the pattern in the service's own domain, its dots escaped (\\\\.service\\\\.com); or have the operator list the hosts in {}_ALLOWED_HOSTS", file.name.env_prefix()),
        );
    }
}

fn refresh(file: &ProviderFile, oauth: &OAuth, document: &DeTable<'_>, report: &mut Report<'_>) {
    let endpoint = &oauth.authorization.endpoint;
    let rule = endpoint.host_rule(|name| file.config.get(name));
    if let Some(offline) = OfflineAccess::of(endpoint, &rule).filter(|offline| !offline.is_asked(oauth)) {
        let span = report.find("[authorization]");
        let message = "this service gives no refresh token unless it is asked for one";
        report.warning(&span, message, offline.hint());
    }
    let token = document.get("token").and_then(|table| table.get_ref().as_table());
    let of_refresh = ["refresh_endpoint", "refresh_params", "refresh_margin", "refresh_redirect_uri"];
    let unused = token.into_iter().flat_map(|table| table.keys());
    for key in unused.filter(|key| !oauth.token.refresh && of_refresh.contains(&key.get_ref().as_ref())) {
        let message = format!("`{}` has no use where refresh is false", key.get_ref());
        report.warning(&key.span(), message, "remove one of them");
    }
}

fn deliveries(file: &ProviderFile, report: &mut Report<'_>) {
    if file.env.is_empty() && file.files.is_empty() && !report.has_errors() {
        let message = "a server gets nothing from this provider";
        report.warning(&(0..0), message, "add [env] with the variable that it reads, or [[file]]");
    }
    if !report.has_errors() {
        meant_as_words(file, report);
    }
    let rotates = file.oauth().is_none_or(|oauth| oauth.token.rotates);
    if !rotates {
        return;
    }
    let hint = "a provider that rotates revokes what has two owners; leave it out, or set rotates = false in [token] if it surely does not";
    for name in with_refresh_token(file) {
        let span = if name.contains('/') { report.find(&name) } else { report.find_value(&name) };
        report.warning(&span, format!("{name} hands the refresh token to the server"), hint);
    }
}
