//! What runs a server, decided before anything is done; and what of this machine it is shown there.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use keyferry_core::manifest::{AskedMount, Local, Manifest, SettingKind, SettingProblem};
use serde_json::Value;

use super::InstallError;
use crate::{
    engine::Engine,
    runtime::{Mount, RuntimeError, RuntimeKind, container::mounts},
    settings::ServersRuntime,
};

/// What runs a server: what the person says, else what the settings say, else what fits it best.
///
/// A stranger's command runs in a container where there is an engine. Where there is none, it runs as a process only if the person
/// says so. Our own program, and a command of this machine that no image has, run as processes.
pub(super) async fn runtime(
    engine: &Engine,
    local: &Local,
    asked: Option<RuntimeKind>,
) -> Result<RuntimeKind, InstallError> {
    let wanted = asked.or(match engine.settings.servers_runtime {
        ServersRuntime::Auto => None,
        ServersRuntime::Process => Some(RuntimeKind::Process),
        ServersRuntime::Container => Some(RuntimeKind::Container),
    });
    match wanted {
        Some(RuntimeKind::Process) => Ok(RuntimeKind::Process),
        Some(RuntimeKind::Container) => {
            engine.containers.facts().await?;
            Ok(RuntimeKind::Container)
        }
        None if local.is_this_program() || !local.is_containable() => Ok(RuntimeKind::Process),
        None => match engine.containers.facts().await {
            Ok(_) => Ok(RuntimeKind::Container),
            Err(error) if local.command.is_none() => Err(error.into()),
            Err(error) => Err(InstallError::OnlyAsProcess(error)),
        },
    }
}

/// The paths that the person named, as mounts; those that the manifest's `docker run` asks for, where it wants them.
pub(super) fn mounts(
    engine: &Engine,
    manifest: &Manifest,
    given: &BTreeMap<String, Value>,
    asked: &[AskedMount],
) -> Result<Vec<Mount>, InstallError> {
    let guarded = guarded(engine);
    let named = named(manifest, given)?;
    let mut shown = Vec::new();
    for one in asked {
        let is_named = named.iter().any(|(path, _)| path == Path::new(&one.source));
        if !is_named {
            let reason = "the manifest asks for it, and you have not named it";
            return Err(RuntimeError::Mount { path: one.source.clone().into(), reason }.into());
        }
        shown.push(mounts::mount(Path::new(&one.source), Some(&one.target), one.writable, &guarded)?);
    }
    for (path, writable) in named {
        if !asked.iter().any(|one| Path::new(&one.source) == path) {
            shown.push(mounts::mount(&path, None, writable, &guarded)?);
        }
    }
    shown.sort_by(|one, other| one.target.cmp(&other.target));
    shown.dedup();
    Ok(shown)
}

/// The folder that a manifest came with, for the server's own files in it.
pub(super) fn own_files(engine: &Engine, folder: &Path) -> Result<Mount, InstallError> {
    Ok(mounts::mount(folder, None, false, &guarded(engine))?)
}

fn guarded(engine: &Engine) -> mounts::Guarded {
    mounts::Guarded {
        home: engine.places.home().map(PathBuf::from),
        data_folder: engine.folder.path().to_owned(),
    }
}

/// The person's paths, and whether each may be changed. A default is the manifest's word, not theirs.
fn named(manifest: &Manifest, given: &BTreeMap<String, Value>) -> Result<Vec<(PathBuf, bool)>, InstallError> {
    let (mut paths, mut missing) = (Vec::new(), Vec::new());
    for spec in manifest.user_config.iter() {
        if !matches!(spec.kind, SettingKind::Directory | SettingKind::File) {
            continue;
        }
        match given.get(spec.key.as_str()).filter(|value| !value.is_null()) {
            Some(value) => {
                let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
                let texts = several.iter().filter_map(Value::as_str).filter(|path| !path.is_empty());
                paths.extend(texts.map(|path| (PathBuf::from(path), spec.writable)));
            }
            None if !spec.default.is_empty() => missing.push(SettingProblem {
                key: spec.key.to_string(),
                what: "a container is shown no path that you have not named yourself".to_owned(),
                hint: format!("name it with --set {}=PATH", spec.key),
            }),
            None => {}
        }
    }
    if missing.is_empty() { Ok(paths) } else { Err(InstallError::BadSettings(missing)) }
}
