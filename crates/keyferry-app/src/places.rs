//! The places of this machine that manifests may name.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use keyferry_core::manifest::{Platform, Surroundings};

/// The person's own folders, found once at the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places(Surroundings);

impl Places {
    /// The places that an environment names. Desktop, documents and downloads count where they are there.
    pub(crate) fn of(environment: &[(OsString, OsString)]) -> Self {
        let variable = if cfg!(windows) { "USERPROFILE" } else { "HOME" };
        let home = environment.iter().find(|(name, _)| name == OsStr::new(variable));
        let home = home.map(|(_, value)| PathBuf::from(value)).filter(|home| home.is_absolute());
        let below = |name: &str| {
            home.as_ref().map(|home| home.join(name)).filter(|path| path.is_dir()).and_then(text)
        };
        Self(Surroundings {
            platform: platform(),
            server_folder: None,
            desktop: below("Desktop"),
            documents: below("Documents"),
            downloads: below("Downloads"),
            home: home.clone().and_then(text),
        })
    }

    /// The person's home.
    pub(crate) fn home(&self) -> Option<&str> {
        self.0.home.as_deref()
    }

    /// The same, with the folder of one server.
    pub(crate) fn with_server_folder(&self, folder: Option<&Path>) -> Surroundings {
        Surroundings { server_folder: folder.map(Path::to_owned).and_then(text), ..self.0.clone() }
    }
}

fn text(path: PathBuf) -> Option<String> {
    path.into_os_string().into_string().ok()
}

/// The platform that this program was built for.
pub(crate) const fn platform() -> Platform {
    if cfg!(windows) {
        Platform::Win32
    } else if cfg!(target_os = "macos") {
        Platform::Darwin
    } else {
        Platform::Linux
    }
}
