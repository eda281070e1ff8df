//! `[account]` and `[config.NAME]`.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::{
    super::{
        config::ConfigField,
        file::{Account, AccountLabel},
        table::{Located, Table, wrong_type},
    },
    hint_for_key,
    json::json,
    value::{Place, endpoint, fact_name, headers, one_of, pattern, pointer, pointers},
};
use crate::{delivery::JsonTemplate, diagnostic::Report, flow::client::Method, id::FactName};

/// Before a pointer: it points into the ID token's claims.
const ID_TOKEN: &str = "id_token:";

/// Before the name of a fact.
const FACT: &str = "metadata:";

pub(super) fn account(mut table: Table<'_>, report: &mut Report<'_>) -> Account {
    let methods = [("GET", Method::Get), ("POST", Method::Post)];
    let method = one_of(&mut table, "method", &methods, report).unwrap_or(Method::Get);
    let written = table.text("request", report);
    let is_written = written.is_some();
    let request = written.and_then(|text| {
        // A file may say the method here, too, for people to read.
        let (said, url) = match text.value.split_once(' ') {
            Some((said, url)) if methods.iter().any(|(name, _)| *name == said) => (said, url.trim()),
            _ => (method.as_str(), text.value.trim()),
        };
        if said != method.as_str() {
            let message = format!("`request` says {said}, and `method` is {}", method.as_str());
            report.error(&text.span, message, format!("write method = \"{said}\", or the URL alone"));
        }
        endpoint(&Located { value: url, span: text.span }, report)
    });
    let json = body(&mut table, method, report);
    let headers = headers(&mut table, Place::Account, report);
    let label = table.text("label", report);
    // The last two are slips, of which more below.
    let elsewhere = [ID_TOKEN, FACT, "id_token/", "id_token."];
    let of_reply =
        label.as_ref().is_some_and(|label| !elsewhere.iter().any(|start| label.value.starts_with(start)));
    let span = label.as_ref().map(|label| label.span.clone());
    let label = label.and_then(|mut text| match text.value.strip_prefix(ID_TOKEN) {
        Some(rest) => {
            text.value = rest;
            pointer(&text, report).map(AccountLabel::IdToken)
        }
        None if text.value.starts_with(FACT) => {
            text.value = text.value.strip_prefix(FACT).unwrap_or_default();
            fact_name(&text, report).map(AccountLabel::Fact)
        }
        None => match ["id_token/", "id_token."].iter().find_map(|start| text.value.strip_prefix(start)) {
            Some(claim) => {
                let hint = format!("a claim of the ID token: \"id_token:/{}\"", claim.replace('.', "/"));
                report.error(&text.span, "this is no JSON Pointer (RFC 6901)", hint);
                None
            }
            None => pointer(&text, report).map(AccountLabel::Reply),
        },
    });
    let metadata = pointers(&mut table, report);
    if !is_written && (of_reply || !metadata.is_empty()) {
        let span = span.unwrap_or_else(|| table.span().clone());
        report.error(
            &span,
            "there is no reply to look into",
            "add request = \"https://…\", or label = \"id_token:/email\" or \"metadata:NAME\"",
        );
    }
    table.finish(hint_for_key, report);
    Account { request, method, json, headers, label, metadata }
}

/// What is POSTed.
fn body(table: &mut Table<'_>, method: Method, report: &mut Report<'_>) -> Option<JsonTemplate> {
    let written = table.get("json")?;
    if method != Method::Post {
        let message = "a GET has no body";
        report.error(&written.span(), message, "add method = \"POST\", or remove `json`");
    }
    if !matches!(written.get_ref(), DeValue::Table(_)) {
        wrong_type(written, "account.json", "a table, such as { query = \"{{ me {{ id }} }}\" }", report);
        return None;
    }
    json(written, "json", Place::Request, report)
}

pub(super) fn config(top: &mut Table<'_>, report: &mut Report<'_>) -> BTreeMap<FactName, ConfigField> {
    let mut fields = BTreeMap::new();
    for (name, mut table) in top.named_tables("config", report) {
        let title =
            table.text("title", report).map_or_else(|| name.value.to_owned(), |text| text.value.to_owned());
        let description = table.text("description", report).map(|text| text.value.to_owned());
        let pattern = pattern(&mut table, report);
        let default = table.text("default", report);
        if let (Some(default), Some((pattern, _))) = (&default, &pattern)
            && !pattern.matches(default.value)
        {
            report.error(&default.span, "the default does not match the pattern", "change one of them");
        }
        table.finish(hint_for_key, report);
        if let Some(name) = fact_name(&name, report) {
            let field = ConfigField {
                title,
                description,
                pattern: pattern.map(|(pattern, _)| pattern),
                default: default.map(|text| text.value.to_owned()),
            };
            fields.insert(name, field);
        }
    }
    fields
}
