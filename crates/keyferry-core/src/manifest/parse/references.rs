//! What a manifest's placeholders refer to: every `${user_config.KEY}` must be declared, and every declared key should be used.

use std::{collections::BTreeSet, ops::Range};

use super::{
    config::SettingPlaces,
    server::{Found, Placed, Use},
};
use crate::{
    diagnostic::Report,
    manifest::{
        folder::{is_absolute, leads_out, leaves},
        show::named,
        template::Template,
        user_config::{SettingKey, SettingSpec, UserConfig},
    },
    suggest::nearest,
};

/// The most keys without a setting that are reported, each once.
const MOST_UNDEFINED: usize = 20;

pub(super) fn check(found: &Found, config: &UserConfig, places: &SettingPlaces, report: &mut Report<'_>) {
    let mut used = BTreeSet::new();
    let mut undefined = BTreeSet::new();
    for placed in &found.placed {
        stays_below(&placed.template, &placed.path, &placed.span, report);
        if placed.used == Use::Command {
            command_stays_below(placed, report);
        }
        for key in placed.template.settings() {
            used.insert(key);
            match config.get(key.as_str()) {
                Some(spec) => reference(spec, placed, report),
                // Declared, but wrong: reported already.
                None if places.contains_key(key) => {}
                None if undefined.len() < MOST_UNDEFINED && undefined.insert(key) => {
                    report_undefined(key, config, placed, report);
                }
                None => {}
            }
        }
    }
    for (key, span) in places.iter().filter(|(key, _)| !used.contains(key)) {
        let message = format!("nothing uses the setting `{key}`");
        let hint = format!("put ${{user_config.{key}}} where the server reads it, or remove the setting");
        report.warning(span, message, hint);
    }
}

/// Refuses `${__dirname}/..`: a manifest has no say over files outside its own folder.
pub(super) fn stays_below(template: &Template, path: &str, span: &Range<usize>, report: &mut Report<'_>) {
    if template.below_folder().any(|rest| leads_out(&rest)) {
        let message = format!("`{path}` leads out of the server's folder: {}", named(template.as_str()));
        report.error(
            span,
            message,
            "keep the file below ${__dirname}, or ask the person for it in `user_config`",
        );
    }
}

fn command_stays_below(placed: &Placed, report: &mut Report<'_>) {
    let command = placed.template.as_str();
    if !is_absolute(command) && !command.contains("${") && leaves(command) {
        let message = format!("`{}` leads out of the server's folder: {}", placed.path, named(command));
        report.error(&placed.span, message, "name a program, or a file below the server's folder");
    }
}

fn reference(spec: &SettingSpec, placed: &Placed, report: &mut Report<'_>) {
    let key = &spec.key;
    if spec.sensitive {
        match placed.used {
            Use::Variable => {}
            Use::Argument => {
                let message = format!(
                    "the sensitive setting `{key}` lands on the command line, where other programs can read it"
                );
                report.warning(
                    &placed.span,
                    message,
                    "hand it over in `env`, if the server can read it there",
                );
            }
            Use::Command | Use::Url => {
                let message = format!("the sensitive setting `{key}` lands in `{}`", placed.path);
                report.error(
                    &placed.span,
                    message,
                    "hand it over in `env`, or as an argument where nothing else works",
                );
            }
        }
    }
    let expands = placed.used == Use::Argument && placed.template.only_setting().is_some();
    if spec.multiple && !expands {
        let message = format!("the values of `{key}` are joined with commas in `{}`", placed.path);
        let hint = "an argument that is exactly its placeholder becomes one argument for each value";
        report.warning(&placed.span, message, hint);
    }
}

fn report_undefined(key: &SettingKey, config: &UserConfig, placed: &Placed, report: &mut Report<'_>) {
    let hint = match nearest(key.as_str(), config.keys()) {
        Some(meant) => format!("did you mean ${{user_config.{meant}}}?"),
        None => format!("declare it in `user_config`: \"{key}\": {{ \"type\": \"string\" }}"),
    };
    let message = format!("`{}` asks for the setting `{key}`, and `user_config` has none", placed.path);
    report.error(&placed.span, message, hint);
}
