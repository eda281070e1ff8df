//! `[env]` and `[[file]]`.

use std::collections::BTreeMap;

use super::{
    super::table::{Located, Table},
    hint_for_key,
    json::json,
    table_of_key,
    value::{Place, template},
};
use crate::{
    delivery::{EnvName, FileContent, FileDelivery, FileMode, FilePath, Template},
    diagnostic::Report,
};

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
    let written = table.get("json");
    let both = content.is_some() == written.is_some();
    let content = match (content, written) {
        (Some(text), None) => template(&text, Place::Delivery, report).map(FileContent::Text),
        (None, Some(value)) => json(value, "json", Place::Delivery, report).map(FileContent::Json),
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
