//! `[browser]`.

use toml::de::DeValue;

use super::{
    super::{
        browser::{Browser, BrowserSource, BrowserToken, Place, UrlPattern},
        table::{Table, wrong_type},
    },
    hint_for_key,
    value::{fact_name, page, pattern},
};
use crate::diagnostic::Report;

/// The longest script that reads a value, in bytes.
const LONGEST_SCRIPT: usize = 4 * 1024;

pub(super) fn browser(mut table: Table<'_>, report: &mut Report<'_>) -> Option<Browser> {
    let login = table.required_text("login_url", "https://service.example/login", report);
    let login_span = login.as_ref().map_or(0..0, |text| text.span.clone());
    let login_url = login.and_then(|text| page(&text, report));
    let allow_hosts: Vec<_> = table
        .texts("allow_hosts", report)
        .iter()
        .filter_map(|text| {
            let place = Place::parse(text.value);
            if place.is_none() {
                let message = format!("`{}` is no host", text.value);
                report.error(
                    &text.span,
                    message,
                    "a name such as \"service.example\" or \"*.service.example\"; on this machine \"http://localhost:8080\"",
                );
            }
            place
        })
        .collect();
    let extract = table.required_text("extract_on", "https://service.example/home*", report);
    let extract_span = extract.as_ref().map_or(0..0, |text| text.span.clone());
    let extract_on = extract.and_then(|text| {
        let page = UrlPattern::parse(text.value);
        if page.is_none() {
            report.error(&text.span, "this is no page", "https, a host, and a path that may end in `*`");
        }
        page
    });
    let tokens: Vec<_> = table
        .named_tables("tokens", report)
        .into_iter()
        .filter_map(|(name, table)| token(fact_name(&name, report)?, table, report))
        .collect();
    if let Some(login) = &login_url
        && !allow_hosts.iter().any(|place| place.matches(login.url()))
    {
        report.error(
            &login_span,
            "the window may not go to its own login page",
            "add its host to allow_hosts",
        );
    }
    if let Some(page) = &extract_on
        && !page.is_within(&allow_hosts)
    {
        report.error(
            &extract_span,
            "the window may not go to the page of `extract_on`",
            "add its host to allow_hosts",
        );
    }
    if !tokens.iter().any(|token| token.name.as_str() == "access_token" && token.required) {
        let hint = "[browser.tokens] access_token = { cookie = \"…\" }";
        report.error(table.span(), "`access_token` is not among the tokens, or not required", hint);
    }
    table.finish(hint_for_key, report);
    Some(Browser { login_url: login_url?, allow_hosts, extract_on: extract_on?, tokens })
}

fn token(name: crate::id::FactName, mut table: Table<'_>, report: &mut Report<'_>) -> Option<BrowserToken> {
    let mut sources = Vec::new();
    for key in ["local_storage", "session_storage", "cookie", "script"] {
        let Some(text) = table.text(key, report) else { continue };
        let value = text.value.to_owned();
        let fits = !value.is_empty() && value.len() <= LONGEST_SCRIPT;
        if !fits {
            report.error(&text.span, format!("`{key}` is empty or longer than 4 KiB"), "");
        }
        sources.push(match key {
            "local_storage" => BrowserSource::LocalStorage(value),
            "session_storage" => BrowserSource::SessionStorage(value),
            "cookie" => BrowserSource::Cookie(value),
            _ => BrowserSource::Script(value),
        });
    }
    let pattern = pattern(&mut table, report).map(|(pattern, _)| pattern);
    let required = match table.get("required").map(|value| (value, value.get_ref())) {
        None => true,
        Some((_, DeValue::Boolean(flag))) => *flag,
        Some((value, _)) => {
            wrong_type(value, "required", "true or false", report);
            true
        }
    };
    if sources.len() != 1 {
        let hint = "one of local_storage, session_storage, cookie, script";
        report.error(table.span(), format!("`{}` is read from one place", table.path()), hint);
    }
    table.finish(hint_for_key, report);
    Some(BrowserToken { name, source: sources.pop()?, pattern, required })
}
