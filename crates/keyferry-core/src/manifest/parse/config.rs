//! `user_config`.

use std::{collections::BTreeMap, ops::Range};

use super::references;
use crate::{
    diagnostic::Report,
    manifest::{
        json::{Node, Object},
        settings::convert,
        show::named,
        template::Template,
        user_config::{SettingKey, SettingKind, SettingSpec, UserConfig},
    },
    suggest::nearest,
};

/// Where each setting is declared.
pub(super) type SettingPlaces = BTreeMap<SettingKey, Range<usize>>;

pub(super) fn read(top: &mut Object<'_>, report: &mut Report<'_>) -> (UserConfig, SettingPlaces) {
    let mut places = SettingPlaces::new();
    let Some(config) = top.object("user_config", report) else { return (UserConfig::default(), places) };
    let mut specs = Vec::new();
    for (key, node) in config.entries(report) {
        let Some(spec) = spec(key, node, report) else { continue };
        places.insert(spec.key.clone(), node.span());
        specs.push(spec);
    }
    (UserConfig::new(specs), places)
}

fn spec(key: &str, node: &Node<'_>, report: &mut Report<'_>) -> Option<SettingSpec> {
    let key: SettingKey = match key.parse() {
        Ok(key) => key,
        Err(error) => {
            report.error(&node.span(), format!("{error}"), "`${user_config.KEY}` must be able to name it");
            return None;
        }
    };
    let mut object = node.object(report)?;
    let kind = kind(&mut object, report);
    let title = object.line("title", report);
    let description = object.prose("description", report);
    let required = object.boolean("required", report).unwrap_or_default();
    let multiple = object.boolean("multiple", report).unwrap_or_default();
    let sensitive = object.boolean("sensitive", report).unwrap_or_default();
    let writable = object.boolean("writable", report).unwrap_or_default();
    let (min, max) = (object.number("min", report), object.number("max", report));
    let default = object.get("default");
    object.finish(&[], report);
    let mut spec = SettingSpec {
        key,
        kind: kind?,
        title,
        description,
        required,
        default: Vec::new(),
        multiple,
        sensitive,
        writable,
        min,
        max,
    };
    bounds(&spec, node, report);
    spec.default = default.map(|default| defaults(&spec, &default, report)).unwrap_or_default();
    Some(spec)
}

fn kind(object: &mut Object<'_>, report: &mut Report<'_>) -> Option<SettingKind> {
    let known = || SettingKind::ALL.iter().map(|kind| kind.as_str());
    let Some(node) = object.get("type") else {
        let message = format!("`{}.type` is missing", object.node().path());
        let hint = format!("one of {}", known().collect::<Vec<_>>().join(", "));
        report.error(&object.node().span(), message, hint);
        return None;
    };
    let text = node.text(report)?;
    let kind = SettingKind::ALL.into_iter().find(|kind| kind.as_str() == text);
    if kind.is_none() {
        let hint = match nearest(&text, known()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("one of {}", known().collect::<Vec<_>>().join(", ")),
        };
        report.error(&node.span(), format!("`{}` is {}", node.path(), named(&text)), hint);
    }
    kind
}

fn bounds(spec: &SettingSpec, node: &Node<'_>, report: &mut Report<'_>) {
    let path = node.path();
    if let (Some(min), Some(max)) = (spec.min, spec.max)
        && min > max
    {
        report.error(
            &node.span(),
            format!("`{path}`: no number is both at least {min} and at most {max}"),
            "swap `min` and `max`",
        );
    }
    if (spec.min.is_some() || spec.max.is_some()) && spec.kind != SettingKind::Number {
        let message = format!("`{path}`: `min` and `max` mean nothing for a {}", spec.kind.as_str());
        report.warning(&node.span(), message, "remove them, or make it a \"number\"");
    }
}

/// A default keeps the rules of a given value. Its placeholders are places of the machine; another setting is none.
fn defaults(spec: &SettingSpec, node: &Node<'_>, report: &mut Report<'_>) -> Vec<Template> {
    let Some(value) = node.value(report) else { return Vec::new() };
    let texts = match convert::texts(spec, &value) {
        Ok(texts) => texts,
        Err(fault) => {
            report.error(&node.span(), format!("`{}` {}", node.path(), fault.what), fault.hint);
            return Vec::new();
        }
    };
    let mut templates = Vec::new();
    for text in texts {
        match Template::parse(&text) {
            Ok(template) => templates.push(template),
            Err(error) => {
                report.error(&node.span(), format!("`{}`: {error}", node.path()), error.hint());
            }
        }
    }
    for template in &templates {
        if template.settings().next().is_some() {
            let message = format!("`{}` names another setting", node.path());
            report.error(
                &node.span(),
                message,
                "a default may name places of the machine alone, such as ${HOME}",
            );
        }
        references::stays_below(template, node.path(), &node.span(), report);
    }
    templates
}
