//! The name of an environment variable.

use std::{fmt, str::FromStr};

/// Why a text can't be the name of a variable that Keyferry sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEnvName {
    /// A name that no shell accepts.
    #[error("a variable is A-Z, a-z, 0-9 and '_', and doesn't begin with a digit")]
    Grammar,
    /// A name that decides what a program loads or where it looks, and so what code runs.
    #[error("this variable changes how programs start or what they load")]
    Reserved,
}

/// The name of an environment variable (POSIX §8.1), other than those by which a program can be made to load foreign code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnvName(String);

/// Variables by which whoever sets them decides what code runs.
const RESERVED: [&str; 22] = [
    "PATH",
    "HOME",
    "SHELL",
    "USER",
    "LOGNAME",
    "TMPDIR",
    "IFS",
    "ENV",
    "BASH_ENV",
    "PYTHONPATH",
    "PYTHONHOME",
    "PYTHONSTARTUP",
    "NODE_OPTIONS",
    "NODE_PATH",
    "RUBYOPT",
    "RUBYLIB",
    "PERL5OPT",
    "PERL5LIB",
    "JAVA_TOOL_OPTIONS",
    "COMSPEC",
    "PATHEXT",
    "SYSTEMROOT",
];

impl EnvName {
    /// The name's text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EnvName {
    type Err = InvalidEnvName;

    fn from_str(text: &str) -> Result<Self, InvalidEnvName> {
        let grammar = (1..=256).contains(&text.len())
            && !text.starts_with(|first: char| first.is_ascii_digit())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !grammar {
            return Err(InvalidEnvName::Grammar);
        }
        let upper = text.to_ascii_uppercase();
        if RESERVED.contains(&upper.as_str()) || upper.starts_with("LD_") || upper.starts_with("DYLD_") {
            return Err(InvalidEnvName::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for EnvName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_shell_accepts_is_refused() {
        for bad in ["", "1A", "A-B", "A B", "A=B", "A\n", "Ä", "A\0"] {
            assert_eq!(bad.parse::<EnvName>().unwrap_err(), InvalidEnvName::Grammar, "{bad:?}");
        }
        for reserved in ["PATH", "path", "LD_PRELOAD", "DYLD_LIBRARY_PATH", "NODE_OPTIONS"] {
            assert_eq!(reserved.parse::<EnvName>().unwrap_err(), InvalidEnvName::Reserved, "{reserved}");
        }
        assert_eq!("JIRA_ACCESS_TOKEN".parse::<EnvName>().unwrap().as_str(), "JIRA_ACCESS_TOKEN");
    }
}
