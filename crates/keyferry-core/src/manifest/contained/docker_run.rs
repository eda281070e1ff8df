//! The `docker run` of a manifest.

use super::AskedMount;
use crate::{
    manifest::{LaunchError, LaunchText},
    secret::SecretText,
};

/// What an engine's command is called.
pub(super) fn is_engine(command: &str) -> bool {
    matches!(command, "docker" | "podman")
}

/// Options without a value that ask for nothing a container of ours lacks, or for less.
const FLAGS: &[&str] =
    &["--interactive", "--rm", "--init", "--quiet", "--read-only", "--no-healthcheck", "--sig-proxy"];

/// Options with a value that change nothing here: names, labels, and limits, for which ours stand.
const IGNORED: &[&str] = &[
    "--name",
    "--label",
    "-l",
    "--pull",
    "--memory",
    "-m",
    "--cpus",
    "--pids-limit",
    "--cap-drop",
    "--log-driver",
];

/// What is taken from a `docker run`.
pub(super) struct DockerRun {
    pub(super) image: String,
    pub(super) args: Vec<LaunchText>,
    pub(super) env: Vec<(String, LaunchText)>,
    pub(super) mounts: Vec<AskedMount>,
}

impl DockerRun {
    /// Reads the arguments after `docker`. `around` holds the manifest's own variables: `-e NAME` passes one of them on.
    pub(super) fn read(args: &[LaunchText], around: Vec<(String, LaunchText)>) -> Result<Self, LaunchError> {
        let mut rest = args.iter();
        if rest.next().map(LaunchText::expose_text) != Some("run") {
            return Err(refused("a command other than `run`"));
        }
        let mut run = Self { image: String::new(), args: Vec::new(), env: Vec::new(), mounts: Vec::new() };
        while let Some(argument) = rest.next() {
            let text = argument.expose_text();
            if !text.starts_with('-') {
                run.image = image(text)?;
                run.args = rest.cloned().collect();
                return Ok(run);
            }
            if FLAGS.contains(&text) || is_cluster(text) {
                continue;
            }
            let (option, value) = match text.split_once('=').filter(|_| text.starts_with("--")) {
                Some((option, _)) => (option, after_equals(argument)?),
                None => (text, rest.next().cloned().ok_or_else(|| refused(text))?),
            };
            run.option(option, value, &around)?;
        }
        Err(refused("no image"))
    }

    fn option(
        &mut self,
        option: &str,
        value: LaunchText,
        around: &[(String, LaunchText)],
    ) -> Result<(), LaunchError> {
        let text = value.expose_text();
        match option {
            "-e" | "--env" => {
                let (name, value) = match text.split_once('=') {
                    Some((name, _)) => (name.to_owned(), Some(after_equals(&value)?)),
                    None => {
                        let found = around.iter().find(|(name, _)| name == text);
                        (text.to_owned(), found.map(|(_, value)| value.clone()))
                    }
                };
                self.env.retain(|(known, _)| *known != name);
                self.env.extend(value.map(|value| (name, value)));
            }
            "-v" | "--volume" => self.mounts.push(volume(text)?),
            "--mount" => self.mounts.push(mount(text)?),
            "--security-opt" if text.starts_with("no-new-privileges") => {}
            "--network" | "--net" if matches!(text, "bridge" | "default") => {}
            _ if IGNORED.contains(&option) => {}
            _ => return Err(refused(option)),
        }
        Ok(())
    }
}

/// `-i`, `-t` and both at once. A terminal is never given; the protocol needs none.
fn is_cluster(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|letters| {
        !letters.is_empty() && letters.bytes().all(|letter| matches!(letter, b'i' | b't'))
    })
}

fn image(text: &str) -> Result<String, LaunchError> {
    let valid = (1..=512).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte));
    if valid { Ok(text.to_owned()) } else { Err(refused("an image that is none")) }
}

/// The text behind the first `=`, as secret as the whole.
fn after_equals(text: &LaunchText) -> Result<LaunchText, LaunchError> {
    let behind = |whole: &str| whole.split_once('=').map(|(_, value)| value.to_owned()).unwrap_or_default();
    Ok(match text {
        LaunchText::Plain(text) => LaunchText::Plain(behind(text)),
        LaunchText::Secret { text, shown } => LaunchText::Secret {
            text: SecretText::new(behind(text.expose_secret())).map_err(|_| refused("a value"))?,
            shown: behind(shown),
        },
    })
}

/// `SOURCE:TARGET[:OPTIONS]`.
fn volume(text: &str) -> Result<AskedMount, LaunchError> {
    let mut parts = text.split(':');
    let (source, target, options) = (parts.next(), parts.next(), parts.next());
    let writable = match options {
        None | Some("rw") => true,
        Some("ro") => false,
        Some(_) => return Err(refused("-v")),
    };
    match (source, target, parts.next()) {
        (Some(source), Some(target), None) => asked(source, target, writable),
        _ => Err(refused("-v")),
    }
}

/// `type=bind,source=…,target=…[,readonly]`.
fn mount(text: &str) -> Result<AskedMount, LaunchError> {
    let (mut source, mut target, mut writable, mut bind) = ("", "", true, false);
    for part in text.split(',') {
        match part.split_once('=').unwrap_or((part, "")) {
            ("type", kind) => bind = kind == "bind",
            ("source" | "src", path) => source = path,
            ("target" | "dst" | "destination", path) => target = path,
            ("readonly" | "ro", "" | "true") => writable = false,
            _ => return Err(refused("--mount")),
        }
    }
    if bind { asked(source, target, writable) } else { Err(refused("--mount")) }
}

fn asked(source: &str, target: &str, writable: bool) -> Result<AskedMount, LaunchError> {
    let named = |path: &str| path.starts_with('/') && path.len() > 1;
    if !named(source) || !named(target) || target.split('/').any(|part| part == "..") {
        return Err(refused("-v"));
    }
    Ok(AskedMount { source: source.to_owned(), target: target.to_owned(), writable })
}

fn refused(option: &str) -> LaunchError {
    LaunchError::DockerOption { option: option.chars().take(60).collect() }
}
