//! Why a server can't be started from what is known.

use crate::{manifest::user_config::SettingKey, url::InvalidUrl};

/// Why a manifest and its settings make nothing that can be started. Never holds a setting's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// The manifest names an image and no command.
    #[error("the server is a container image and has no command to run without one")]
    OnlyImage,
    /// A container can't run a command of this machine's.
    #[error("the command {command:?} is one of this machine, and no image is named that has it")]
    NotContainable {
        /// The command.
        command: String,
    },
    /// The manifest's `docker run` asks for what a container here does not get, or is not understood.
    #[error("the manifest's `docker` command asks for {option:?}, which no container gets here")]
    DockerOption {
        /// What it asks for.
        option: String,
    },
    /// A command or URL asks for an optional setting that has no value.
    #[error("the {place} needs the setting {key}, which has no value")]
    Unset {
        /// Where.
        place: &'static str,
        /// Which.
        key: SettingKey,
    },
    /// A template names the server's folder, and it has none.
    #[error("{place} names the server's own folder, and this manifest came without one")]
    NoFolder {
        /// Where.
        place: String,
    },
    /// A template names a place that this machine does not have.
    #[error("{place} names {word}, and this machine has none")]
    NoPlace {
        /// Where.
        place: String,
        /// The placeholder.
        word: &'static str,
    },
    /// A path leads out of the server's folder, through the value of a setting.
    #[error("{place} leads out of the server's folder")]
    LeavesFolder {
        /// Where.
        place: String,
    },
    /// A filled text is longer than a system takes.
    #[error("{place} is longer than 128 KiB, or all of them together than 1 MiB")]
    TooLong {
        /// Where.
        place: String,
    },
    /// A value would turn the URL into another one than the manifest's.
    #[error("the setting {key} can't stand in this part of the server's URL")]
    UrlValue {
        /// Which.
        key: SettingKey,
    },
    /// The filled URL is none that may be called.
    #[error("the server's URL can't be used: {0}")]
    Url(#[from] InvalidUrl),
}

impl LaunchError {
    /// What the person can do.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::OnlyImage => "run it in a container".to_owned(),
            Self::NotContainable { .. } => "run it as a process: --runtime process".to_owned(),
            Self::DockerOption { .. } => {
                "ask the author of the manifest for one without it, or run the command as it is: --runtime process"
                    .to_owned()
            }
            Self::Unset { key, .. } => format!("give it with --set {key}=VALUE"),
            Self::NoFolder { .. } => {
                "download the server, and install from the manifest inside its folder".to_owned()
            }
            Self::NoPlace { .. } => "give the path as a setting, if the server has one for it".to_owned(),
            Self::LeavesFolder { .. } => "give a path without `..`".to_owned(),
            Self::TooLong { .. } => "give a shorter value".to_owned(),
            Self::UrlValue { .. } => {
                "in a host only letters, digits, '-' and '.' may stand; in a path anything but dots alone"
                    .to_owned()
            }
            Self::Url(_) => {
                "ask the author of the manifest, or correct the setting that the URL is made of".to_owned()
            }
        }
    }
}
