//! The clients: where their configuration lies, and what an entry of ours looks like there.
//!
//! Places and forms are from each client's own documentation.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use keyferry_core::manifest::Platform;
use serde_json::{Value, json};

use super::{ClientError, error::Problem, json, toml};

/// The name of our entry, wherever it stands.
pub(super) const ENTRY: &str = "keyferry";

/// A client that Keyferry can set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientName {
    /// Anthropic's desktop app.
    ClaudeDesktop,
    /// Anthropic's command line.
    ClaudeCode,
    /// The editor Cursor.
    Cursor,
    /// Visual Studio Code.
    Vscode,
    /// The editor Windsurf.
    Windsurf,
    /// The editor Zed.
    Zed,
    /// OpenAI's command line.
    Codex,
    /// Google's command line.
    Gemini,
}

/// What our entry says.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) command: String,
    pub(super) args: Vec<String>,
    /// The data folder, where it is not the usual one.
    pub(super) home: Option<String>,
}

/// Finds a variable that holds an absolute path.
type Variables<'v> = &'v dyn Fn(&str) -> Option<PathBuf>;

impl ClientName {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::ClaudeDesktop,
        Self::ClaudeCode,
        Self::Cursor,
        Self::Vscode,
        Self::Windsurf,
        Self::Zed,
        Self::Codex,
        Self::Gemini,
    ];

    /// The name on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::Vscode => "vscode",
            Self::Windsurf => "windsurf",
            Self::Zed => "zed",
            Self::Codex => "codex",
            Self::Gemini => "gemini",
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "Claude Desktop",
            Self::ClaudeCode => "Claude Code",
            Self::Cursor => "Cursor",
            Self::Vscode => "Visual Studio Code",
            Self::Windsurf => "Windsurf",
            Self::Zed => "Zed",
            Self::Codex => "Codex",
            Self::Gemini => "Gemini CLI",
        }
    }

    /// The person's own configuration of this client.
    pub(super) fn configuration(
        self,
        platform: Platform,
        variable: Variables<'_>,
    ) -> Result<PathBuf, ClientError> {
        let place =
            |name: &'static str| variable(name).ok_or(ClientError::NoPlace { client: self, missing: name });
        let home = || place(if platform == Platform::Win32 { "USERPROFILE" } else { "HOME" });
        // Where programs of this platform keep what a person sets.
        let settings = || match platform {
            Platform::Win32 => place("APPDATA"),
            Platform::Darwin => Ok(home()?.join("Library/Application Support")),
            Platform::Linux => variable("XDG_CONFIG_HOME").map_or_else(|| Ok(home()?.join(".config")), Ok),
        };
        Ok(match self {
            Self::ClaudeDesktop => settings()?.join("Claude/claude_desktop_config.json"),
            Self::ClaudeCode => variable("CLAUDE_CONFIG_DIR").map_or_else(home, Ok)?.join(".claude.json"),
            Self::Cursor => home()?.join(".cursor/mcp.json"),
            Self::Vscode => settings()?.join("Code/User/mcp.json"),
            Self::Windsurf => home()?.join(".codeium/windsurf/mcp_config.json"),
            Self::Zed => match platform {
                Platform::Win32 => settings()?.join("Zed/settings.json"),
                Platform::Darwin => home()?.join(".config/zed/settings.json"),
                Platform::Linux => settings()?.join("zed/settings.json"),
            },
            Self::Codex => {
                variable("CODEX_HOME").map_or_else(|| Ok(home()?.join(".codex")), Ok)?.join("config.toml")
            }
            Self::Gemini => home()?.join(".gemini/settings.json"),
        })
    }

    /// Whether the client is there, as far as its configuration tells. Claude Code's lies in the home itself, which is always there.
    pub(super) fn seems_installed(self, configuration: &Path) -> bool {
        self != Self::ClaudeCode || configuration.exists()
    }

    /// The object or table that holds the entries.
    const fn table(self) -> &'static str {
        match self {
            Self::Vscode => "servers",
            Self::Zed => "context_servers",
            Self::Codex => "mcp_servers",
            _ => "mcpServers",
        }
    }

    /// The text with our entry in it, everything else as it was. No text makes a new file.
    pub(super) fn put(self, text: Option<&str>, entry: &Entry) -> Result<String, Problem> {
        match self {
            Self::Codex => toml::put(text.unwrap_or_default(), self.table(), entry),
            _ => json::put(text.unwrap_or_default(), self.table(), &self.members(entry)),
        }
    }

    /// The text without our entry; none where it has none.
    pub(super) fn take(self, text: Option<&str>) -> Result<Option<String>, Problem> {
        let Some(text) = text else { return Ok(None) };
        match self {
            Self::Codex => toml::take(text, self.table()),
            _ => json::take(text, self.table()),
        }
    }

    /// The entry as a file of its own, for somebody who writes it by hand.
    pub(super) fn shown(self, entry: &Entry) -> String {
        self.put(None, entry).unwrap_or_default()
    }

    /// What the entry holds, in the order in which people write it.
    fn members(self, entry: &Entry) -> Vec<(&'static str, Value)> {
        let kind = match self {
            Self::Vscode | Self::ClaudeCode => Some(("type", json!("stdio"))),
            Self::Zed => Some(("source", json!("custom"))),
            _ => None,
        };
        let home = entry.home.as_ref().map(|home| ("env", json!({ "KEYFERRY_HOME": home })));
        let what = [("command", json!(entry.command)), ("args", json!(entry.args))];
        kind.into_iter().chain(what).chain(home).collect()
    }
}

impl FromStr for ClientName {
    type Err = ClientError;

    fn from_str(text: &str) -> Result<Self, ClientError> {
        let named = Self::ALL.into_iter().find(|name| name.as_str() == text);
        named.ok_or_else(|| ClientError::Unknown(text.chars().take(60).collect()))
    }
}

impl fmt::Display for ClientName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}
