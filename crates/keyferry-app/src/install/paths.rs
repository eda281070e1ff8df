//! Settings that name files and folders: they must be there.

use std::{collections::BTreeMap, path::Path};

use keyferry_core::manifest::{SettingKind, UserConfig};
use serde_json::Value;

/// A path that a setting names and the machine does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadPath {
    /// The app does not know from where a relative path counts.
    #[error("{key}: the path must be absolute")]
    Relative { key: String },
    /// Nothing of that kind is there.
    #[error("{key}: there is no {kind} at this path")]
    Missing { key: String, kind: &'static str },
}

impl BadPath {
    /// The setting that names it.
    pub(crate) fn key(&self) -> &str {
        match self {
            Self::Relative { key } | Self::Missing { key, .. } => key,
        }
    }

    /// What is wrong with it, beside the setting.
    pub(crate) fn what(&self) -> String {
        match self {
            Self::Relative { .. } => "the path must be absolute".to_owned(),
            Self::Missing { kind, .. } => format!("there is no {kind} at this path"),
        }
    }
}

/// The first path among the given settings that can't be right. Defaults are left to the server: they may be made by it.
pub(crate) fn check(config: &UserConfig, given: &BTreeMap<String, Value>) -> Result<(), BadPath> {
    for (key, value) in given {
        let Some(spec) = config.get(key).filter(|spec| is_path(spec.kind)) else { continue };
        let several = value.as_array().map(Vec::as_slice).unwrap_or(std::slice::from_ref(value));
        for path in several.iter().filter_map(Value::as_str).filter(|path| !path.is_empty()) {
            check_one(key, spec.kind, Path::new(path))?;
        }
    }
    Ok(())
}

fn is_path(kind: SettingKind) -> bool {
    matches!(kind, SettingKind::Directory | SettingKind::File)
}

fn check_one(key: &str, kind: SettingKind, path: &Path) -> Result<(), BadPath> {
    if !path.is_absolute() {
        return Err(BadPath::Relative { key: key.to_owned() });
    }
    let is_there = if kind == SettingKind::Directory { path.is_dir() } else { path.is_file() };
    if is_there { Ok(()) } else { Err(BadPath::Missing { key: key.to_owned(), kind: kind.as_str() }) }
}
