//! A manifest as understood.

use super::{sign_in::SignIn, template::Template, user_config::UserConfig};
use crate::id::ManifestName;

/// What a manifest says of one MCP server.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The name that catalogs and commands use.
    pub name: ManifestName,
    /// The name for people, where it has one. Never holds a control character, as no text here does.
    pub display_name: Option<String>,
    /// What the server does, shortly. May have several lines.
    pub description: Option<String>,
    /// The same at length.
    pub long_description: Option<String>,
    /// Who wrote the server.
    pub author: Option<Author>,
    /// The server's version, as its author counts.
    pub version: Option<String>,
    /// A file below the manifest's folder, or an https URL.
    pub icon: Option<String>,
    /// Where to read more. Unchecked text: to be shown, not opened unseen.
    pub documentation: Option<String>,
    /// Words to find it by.
    pub keywords: Vec<String>,
    /// The shelf it stands on in a catalog.
    pub category: Option<String>,
    /// The tools that it announces; the running server has the last word.
    pub tools: Vec<AnnouncedTool>,
    /// What runs, or where it runs.
    pub server: Server,
    /// What it asks of the person.
    pub user_config: UserConfig,
    /// The account it needs.
    pub sign_in: SignIn,
}

impl Manifest {
    /// The name for people; failing that, the other one.
    #[must_use]
    pub fn title(&self) -> &str {
        self.display_name.as_deref().unwrap_or(self.name.as_str())
    }
}

/// The author of a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Who.
    pub name: String,
    /// Where to write to.
    pub email: Option<String>,
    /// Where to read of them. Unchecked text.
    pub url: Option<String>,
}

/// A tool as the manifest announces it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnouncedTool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
}

/// The server itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Server {
    /// A program on this machine.
    Local(Local),
    /// A service somewhere else.
    Remote(Remote),
}

/// A program: a command, an image to run it in, or both.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Local {
    /// What to run: a name to look up, an absolute path, a path below the server's folder, or `keyferry` for the very program that
    /// runs. Absent where there is only an image.
    pub command: Option<Template>,
    /// Its arguments.
    pub args: Vec<Template>,
    /// Its variables, in the order of the file. Names are `[A-Za-z_][A-Za-z0-9_]*`.
    pub env: Vec<(String, Template)>,
    /// A container image that holds the server.
    pub docker_image: Option<String>,
    /// The server's main file, below its folder.
    pub entry_point: Option<String>,
    /// What differs on a platform.
    pub overrides: Vec<(Platform, Override)>,
}

/// What differs on one platform: command and arguments replace, variables are added.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Override {
    /// Another command.
    pub command: Option<Template>,
    /// Other arguments.
    pub args: Option<Vec<Template>>,
    /// Further or other variables.
    pub env: Vec<(String, Template)>,
}

/// A service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its URL; [`Remote::endpoint`] fills and checks it.
    pub url: Template,
    /// Headers of every request, in the order of the file; [`Remote::headers`] fills them.
    pub headers: Vec<(String, Template)>,
}

/// A platform, by the name that manifests use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Platform {
    /// `linux`.
    #[default]
    Linux,
    /// `darwin`.
    Darwin,
    /// `win32`.
    Win32,
}

impl Platform {
    pub(super) const ALL: [Self; 3] = [Self::Linux, Self::Darwin, Self::Win32];

    /// The name in manifests.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Linux => "linux",
            Self::Darwin => "darwin",
            Self::Win32 => "win32",
        }
    }

    /// What stands between the folders of a path.
    #[must_use]
    pub fn separator(self) -> &'static str {
        if self == Self::Win32 { "\\" } else { "/" }
    }
}
