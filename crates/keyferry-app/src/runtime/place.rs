//! Where a server runs.

use std::{fmt, path::PathBuf, str::FromStr};

use keyferry_core::manifest::Image;

/// The two runtimes, as people, settings and the vault name them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RuntimeKind {
    /// A child of the app's, which may do what the person may.
    #[default]
    Process,
    /// A container of Podman's or Docker's.
    Container,
}

/// What of the network a container reaches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Network {
    /// Nothing.
    None,
    /// The internet; and the machine's private networks, for no engine can leave them out.
    #[default]
    Internet,
    /// What the machine reaches, its own loopback with it. Only a person's own choice.
    Host,
}

/// A word that names neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown word")]
pub struct UnknownWord;

/// Where one launch runs.
#[derive(Clone, Debug, Default)]
pub enum Place {
    /// As a child of the app's.
    #[default]
    Process,
    /// In a container of its own.
    Container(Box<Inside>),
}

/// What a container is made of, beside the launch.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Its image.
    pub image: Image,
    /// Folders and files of the machine that are shown to it: those that the person named.
    pub mounts: Vec<Mount>,
    /// What of the network it reaches.
    pub network: Network,
    /// A folder of the server's own that outlives it, for what package runners download.
    pub cache: PathBuf,
}

/// A folder or file of the machine, shown in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// On the machine, links resolved.
    pub source: PathBuf,
    /// In the container: absolute.
    pub target: String,
    /// Whether the server may change it.
    pub writable: bool,
}

impl Place {
    /// Which runtime this is.
    #[must_use]
    pub fn kind(&self) -> RuntimeKind {
        match self {
            Self::Process => RuntimeKind::Process,
            Self::Container(_) => RuntimeKind::Container,
        }
    }
}

impl RuntimeKind {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Container => "container",
        }
    }
}

impl Network {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Internet => "internet",
            Self::Host => "host",
        }
    }
}

impl FromStr for RuntimeKind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::Process, Self::Container].into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownWord)
    }
}

impl FromStr for Network {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let all = [Self::None, Self::Internet, Self::Host];
        all.into_iter().find(|network| network.as_str() == text).ok_or(UnknownWord)
    }
}

impl fmt::Display for RuntimeKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
