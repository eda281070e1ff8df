//! A program's command line and variables.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{
    LaunchError, LaunchSpec, LaunchText, Surroundings,
    fill::{Unset, Values},
};
use crate::manifest::{
    folder::{is_absolute, leaves},
    model::{Local, Override},
    settings::Settings,
    template::{Piece, Template},
};

/// What all arguments and variables may hold together. Linux takes 2 MiB with the inherited ones.
const LONGEST_LAUNCH: usize = 1024 * 1024;

impl Local {
    /// The variables in which a value stands that the person gave. `given` holds the keys of the settings that they set.
    pub fn variables_of_person<'m>(
        &'m self,
        given: &'m BTreeMap<String, Value>,
    ) -> impl Iterator<Item = &'m str> {
        let overrides = self.overrides.iter().flat_map(|(_, other)| &other.env);
        let of_person = |template: &Template| {
            template.settings().any(|key| given.get(key.as_str()).is_some_and(|value| !value.is_null()))
        };
        let found = self.env.iter().chain(overrides).filter(move |(_, template)| of_person(template));
        found.map(|(name, _)| name.as_str())
    }

    /// Fills the templates for this machine and these settings.
    ///
    /// A setting without a value takes with it what would have held it: the variable whose value names it; the argument that names
    /// it; and, where that argument is nothing but the placeholder, the option right before it: a plain argument that begins with
    /// `-`, is longer than `--`, and has no `=` (`--key-file ${user_config.key_file}`). So an optional value's option must take a
    /// value; write `--flag` and such a placeholder apart.
    ///
    /// A setting with several values becomes as many arguments where an argument is nothing but its placeholder; anywhere else its
    /// values are joined with commas.
    ///
    /// # Errors
    /// [`LaunchError`], when a value is missing that the command can't do without, or a path leads out of the server's folder.
    pub fn launch(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<LaunchSpec, LaunchError> {
        let values = Values { settings, surroundings };
        let other = self.overrides_of(surroundings);
        let command = other.iter().find_map(|other| other.command.as_ref()).or(self.command.as_ref());
        let command = fill_command(command.ok_or(LaunchError::OnlyImage)?, values)?;
        let (args, env) = self.arguments(settings, surroundings)?;
        Ok(LaunchSpec { command, args, env })
    }

    /// The arguments and variables, filled as [`Local::launch`] fills them.
    pub(in crate::manifest) fn arguments(
        &self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> Result<Filled, LaunchError> {
        let values = Values { settings, surroundings };
        let other = self.overrides_of(surroundings);
        let args = other.iter().find_map(|other| other.args.as_ref()).unwrap_or(&self.args);
        let further = other.iter().rev().flat_map(|other| &other.env);
        let mut room = Room(LONGEST_LAUNCH);
        let args = fill_args(args, values, &mut room)?;
        let env = fill_env(self.env.iter().chain(further), values, &mut room)?;
        Ok((args, env))
    }

    /// What differs on this platform, the last word first.
    fn overrides_of(&self, surroundings: &Surroundings) -> Vec<&Override> {
        let other = self.overrides.iter().rev().filter(|(platform, _)| *platform == surroundings.platform);
        other.map(|(_, other)| other).collect()
    }
}

/// Arguments, and variables by name.
type Filled = (Vec<LaunchText>, Vec<(String, LaunchText)>);

/// What is left of [`LONGEST_LAUNCH`], counted while it is filled: a small manifest can ask for gigabytes.
struct Room(usize);

impl Room {
    fn take(&mut self, text: LaunchText, place: &str) -> Result<LaunchText, LaunchError> {
        let left = self.0.checked_sub(text.len());
        self.0 = left.ok_or_else(|| LaunchError::TooLong { place: place.to_owned() })?;
        Ok(text)
    }
}

fn fill_command(template: &Template, values: Values<'_>) -> Result<String, LaunchError> {
    let parts = values
        .fill(template, "the command")?
        .map_err(|Unset(key)| LaunchError::Unset { place: "command", key })?;
    let command: String = parts.iter().map(|part| part.text.as_str()).collect();
    if !is_absolute(&command) && leaves(&command) {
        return Err(LaunchError::LeavesFolder { place: "the command".to_owned() });
    }
    Ok(command)
}

fn fill_args(
    templates: &[Template],
    values: Values<'_>,
    room: &mut Room,
) -> Result<Vec<LaunchText>, LaunchError> {
    let mut args = Vec::new();
    let mut after_option = false;
    for (index, template) in templates.iter().enumerate() {
        let place = format!("argument {}", index + 1);
        if let Some(key) = template.only_setting() {
            let filled = values.each(key, &place)?;
            if filled.is_empty() && after_option {
                args.pop();
            }
            for parts in filled {
                args.push(room.take(LaunchText::join(&parts, &place)?, &place)?);
            }
        } else if let Ok(parts) = values.fill(template, &place)? {
            args.push(room.take(LaunchText::join(&parts, &place)?, &place)?);
        }
        after_option = is_option(template);
    }
    Ok(args)
}

/// Whether an argument announces that the next one is its value.
fn is_option(template: &Template) -> bool {
    match template.pieces() {
        [Piece::Text(text)] => text.starts_with('-') && text != "-" && text != "--" && !text.contains('='),
        _ => false,
    }
}

fn fill_env<'t>(
    templates: impl Iterator<Item = &'t (String, Template)>,
    values: Values<'_>,
    room: &mut Room,
) -> Result<Vec<(String, LaunchText)>, LaunchError> {
    let templates: Vec<_> = templates.collect();
    let last: HashMap<&str, usize> =
        templates.iter().enumerate().map(|(index, (name, _))| (name.as_str(), index)).collect();
    let mut env = Vec::new();
    for (index, (name, template)) in templates.into_iter().enumerate() {
        if last.get(name.as_str()) != Some(&index) {
            continue;
        }
        if let Ok(parts) = values.fill(template, name)? {
            env.push((name.clone(), room.take(LaunchText::join(&parts, name)?, name)?));
        }
    }
    Ok(env)
}
