//! `[env]` and `[[file]]`.

use std::collections::BTreeMap;

use serde_json::Number;
use toml::{Spanned, de::DeValue};

use super::{
    super::table::{Located, Table, integer, text, wrong_type},
    hint_for_key, table_of_key,
    value::{Place, template},
};
use crate::{
    delivery::{EnvName, FileContent, FileDelivery, FileMode, FilePath, JsonTemplate, Template},
    diagnostic::Report,
};

/// The deepest JSON of a credential file.
const DEEPEST: usize = 16;

pub(super) fn env(top: &mut Table<'_>, report: &mut Report<'_>) -> BTreeMap<EnvName, Template> {
    let mut env = BTreeMap::new();
    for (name, value) in top.pairs("env", report) {
        let known = env_name(&name, report);
        match table_of_key(name.value) {
            Some(table) => {
                let message = format!("`{}` is taken for a variable here", name.value);
                report.warning(&name.span, message, format!("the key belongs in [{table}]"));
            }
            None => in_capitals(&name, report),
        }
        let template = template(&value, Place::Delivery, report);
        if let (Some(known), Some(template)) = (known, template) {
            env.insert(known, template);
        }
    }
    env
}

/// Variables are in capitals nearly everywhere, and systems tell the cases apart.
pub(super) fn in_capitals(name: &Located<&str>, report: &mut Report<'_>) {
    if name.value.bytes().any(|byte| byte.is_ascii_lowercase()) {
        let message = format!("the variable `{}` is not in capitals", name.value);
        let hint = format!("if that is a slip, write {}", name.value.to_ascii_uppercase());
        report.warning(&name.span, message, hint);
    }
}

pub(super) fn env_name(name: &Located<&str>, report: &mut Report<'_>) -> Option<EnvName> {
    name.value
        .parse()
        .map_err(|error| {
            let message = format!("`{}` can't be a variable: {error}", name.value);
            report.error(&name.span, message, "such as MY_SERVICE_TOKEN");
        })
        .ok()
}

pub(super) fn files(top: &mut Table<'_>, report: &mut Report<'_>) -> Vec<FileDelivery> {
    let tables = top.tables("file", report);
    tables.into_iter().filter_map(|table| file(table, report)).collect()
}

fn file(mut table: Table<'_>, report: &mut Report<'_>) -> Option<FileDelivery> {
    let path = table.required_text("path", "~/.service/credentials.json", report).and_then(|text| {
        FilePath::parse(text.value)
            .map_err(|error| {
                report.error(&text.span, error.to_string(), "such as ~/.service/credentials.json");
            })
            .ok()
    });
    let mode = table.text("mode", report).and_then(|text| {
        let mode = FileMode::parse(text.value);
        if mode.is_none() {
            let hint = "\"0600\": its owner alone; others may at most read (\"0640\", \"0644\")";
            report.error(&text.span, format!("`{}` is no mode for a file with secrets", text.value), hint);
        }
        mode
    });
    let content = table.text("content", report);
    let json = table.get("json");
    let both = content.is_some() == json.is_some();
    let content = match (content, json) {
        (Some(text), None) => template(&text, Place::Delivery, report).map(FileContent::Text),
        (None, Some(value)) => json_template(value, "json", 0, report).map(FileContent::Json),
        _ => None,
    };
    if both {
        report.error(
            table.span(),
            "a file has either `content` or `json`",
            "json = { token = \"{access_token}\" }",
        );
    }
    table.finish(hint_for_key, report);
    Some(FileDelivery { path: path?, mode: mode.unwrap_or(FileMode::PRIVATE), content: content? })
}

fn json_template(
    value: &Spanned<DeValue<'_>>,
    named: &str,
    depth: usize,
    report: &mut Report<'_>,
) -> Option<JsonTemplate> {
    match value.get_ref() {
        DeValue::String(_) => {
            let text = text(value, named, report)?;
            template(&text, Place::Delivery, report).map(JsonTemplate::Text)
        }
        DeValue::Boolean(flag) => Some(JsonTemplate::Bool(*flag)),
        DeValue::Integer(number) => {
            integer(number, value, named, report).map(|number| JsonTemplate::Number(number.into()))
        }
        DeValue::Float(number) => {
            let finite = number.as_str().parse().ok().and_then(Number::from_f64);
            if finite.is_none() {
                report.error(
                    &value.span(),
                    format!("`{named}` is no number that JSON has"),
                    "write it in quotes",
                );
            }
            finite.map(JsonTemplate::Number)
        }
        DeValue::Array(items) if depth < DEEPEST => {
            let items = items.iter().map(|item| json_template(item, named, depth + 1, report));
            items.collect::<Option<_>>().map(JsonTemplate::List)
        }
        DeValue::Table(entries) if depth < DEEPEST => {
            let mut ordered: Vec<_> = entries.iter().collect();
            ordered.sort_by_key(|(name, _)| name.span().start);
            let members = ordered.into_iter().map(|(name, value)| {
                let template =
                    json_template(value, &format!("{named}.{}", name.get_ref()), depth + 1, report)?;
                let text = Located { value: name.get_ref().as_ref(), span: name.span() };
                Some((self::template(&text, Place::Delivery, report)?, template))
            });
            members.collect::<Option<_>>().map(JsonTemplate::Object)
        }
        _ => {
            wrong_type(value, named, "a text, a number, true, false, a list or a table", report);
            None
        }
    }
}
