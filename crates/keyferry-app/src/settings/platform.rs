//! Where the data folder lies when nobody says: the platform's own place for a person's data.

use std::path::{Path, PathBuf};

use super::{HOME_VARIABLE, SettingsError};

/// The data folder: the flag, else `KEYFERRY_HOME`, else the platform's place.
pub(super) fn data_folder(
    flag: Option<&Path>,
    environment: &dyn Fn(&str) -> Option<String>,
) -> Result<PathBuf, SettingsError> {
    let chosen = match flag {
        Some(folder) => folder.to_owned(),
        None => match environment(HOME_VARIABLE) {
            Some(folder) => PathBuf::from(folder),
            None => platform_folder(environment)?,
        },
    };
    std::path::absolute(&chosen).map_err(|source| SettingsError::Unreadable { path: chosen, source })
}

/// Whether a data folder is the one that is taken when nobody says.
pub(crate) fn is_usual(folder: &Path, environment: &dyn Fn(&str) -> Option<String>) -> bool {
    platform_folder(environment).is_ok_and(|usual| usual == folder)
}

/// `%LOCALAPPDATA%\Keyferry`.
#[cfg(windows)]
fn platform_folder(environment: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, SettingsError> {
    let base = environment("LOCALAPPDATA").ok_or(SettingsError::NoHome { missing: "LOCALAPPDATA" })?;
    Ok(PathBuf::from(base).join("Keyferry"))
}

/// `~/Library/Application Support/Keyferry`.
#[cfg(target_os = "macos")]
fn platform_folder(environment: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, SettingsError> {
    let home = environment("HOME").ok_or(SettingsError::NoHome { missing: "HOME" })?;
    Ok(PathBuf::from(home).join("Library/Application Support/Keyferry"))
}

/// `$XDG_DATA_HOME/keyferry`, else `~/.local/share/keyferry`. The XDG rule has a relative path ignored.
#[cfg(not(any(windows, target_os = "macos")))]
fn platform_folder(environment: &dyn Fn(&str) -> Option<String>) -> Result<PathBuf, SettingsError> {
    let data = environment("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(data) = data {
        return Ok(data.join("keyferry"));
    }
    let home = environment("HOME").ok_or(SettingsError::NoHome { missing: "HOME" })?;
    Ok(PathBuf::from(home).join(".local/share/keyferry"))
}
