//! What a server's environment is made of: a few variables of the app's own, then the launch's. Nothing else.

use std::ffi::{OsStr, OsString};

use crate::runtime::{Launch, RuntimeError};

/// What a program needs to find itself at home. Everything else of the app's environment may hold somebody's secret.
#[cfg(not(windows))]
const INHERITED: &[&str] = &["PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "USER", "LOGNAME", "SHELL"];
/// What a program needs to find itself at home. Everything else of the app's environment may hold somebody's secret.
#[cfg(windows)]
const INHERITED: &[&str] = &[
    "PATH",
    "PATHEXT",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "COMSPEC",
    "TEMP",
    "TMP",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "USERPROFILE",
    "USERNAME",
    "HOMEDRIVE",
    "HOMEPATH",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
    "OS",
    "LANG",
    "TZ",
];

/// Variables by which a loader, a shell or an interpreter runs other code than the command the person agreed to. A manifest that
/// sets one would show `npx some-server` and run something else; so they are refused, whoever sets them. Where a program looks for
/// its own modules (`PYTHONPATH`, `NODE_PATH`) stays free: bundles bring theirs along.
const LOADERS: &[&str] = &[
    "PATH",
    "PATHEXT",
    "COMSPEC",
    "SYSTEMROOT",
    "WINDIR",
    "SHELL",
    "BASH_ENV",
    "IFS",
    "NODE_OPTIONS",
    "PYTHONSTARTUP",
    "PYTHONHOME",
    "PERL5OPT",
    "PERL5DB",
    "RUBYOPT",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "DOTNET_STARTUP_HOOKS",
    "GCONV_PATH",
    "GLIBC_TUNABLES",
];
const LOADER_PREFIXES: &[&str] = &["LD_", "DYLD_", "BASH_FUNC_", "COR_PROFILER", "CORECLR_PROFILER"];

/// As long as a name is in an error.
const SHOWN: usize = 60;

/// The inherited part: of `parent`, what is on the list.
pub(crate) fn inherited(parent: &[(OsString, OsString)]) -> Vec<(OsString, OsString)> {
    parent.iter().filter(|(name, _)| is_inherited(name)).cloned().collect()
}

/// The value of `PATH` in `parent`.
pub(crate) fn path(parent: &[(OsString, OsString)]) -> Option<&OsStr> {
    parent
        .iter()
        .find(|(name, _)| folded(name).as_deref() == Some("PATH"))
        .map(|(_, value)| value.as_os_str())
}

fn is_inherited(name: &OsStr) -> bool {
    folded(name).is_some_and(|name| INHERITED.contains(&name.as_str()) || name.starts_with("LC_"))
}

/// On Windows a variable's name has no case.
fn folded(name: &OsStr) -> Option<String> {
    let name = name.to_str()?;
    Some(if cfg!(windows) { name.to_ascii_uppercase() } else { name.to_owned() })
}

/// Refuses what can't or must not be in an environment.
///
/// A name is `[A-Za-z_][A-Za-z0-9_]*`, at most 256 bytes, so neither `=` nor a line break can forge a second variable. A value may
/// hold line breaks, as a key in PEM form does: an environment is not a line protocol, and no code of ours writes one as lines. A NUL
/// can't be in a [`SecretText`](keyferry_core::secret::SecretText).
pub(crate) fn check(launch: &Launch) -> Result<(), RuntimeError> {
    if let Some(error) = launch.environment.iter().find_map(|(name, _)| refused(name)) {
        return Err(error);
    }
    match launch.args.iter().position(|argument| argument.contains('\0')) {
        Some(index) => Err(RuntimeError::Argument { position: index + 1 }),
        None => Ok(()),
    }
}

/// Why a server is not given a variable of this name.
pub(crate) fn refused(name: &str) -> Option<RuntimeError> {
    let reason = refusal(name)?;
    Some(RuntimeError::Variable { name: name.chars().take(SHOWN).collect(), reason })
}

fn refusal(name: &str) -> Option<&'static str> {
    let first = name.bytes().next();
    if !first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        || name.len() > 256
    {
        return Some("a name is a letter or '_', then letters, digits and '_', at most 256 of them");
    }
    let upper = name.to_ascii_uppercase();
    let loads =
        LOADERS.contains(&upper.as_str()) || LOADER_PREFIXES.iter().any(|prefix| upper.starts_with(prefix));
    loads.then_some("it makes the server run other code than the command that is shown")
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyferry_core::secret::SecretText;

    fn launch(name: &str) -> Launch {
        Launch {
            server: "notes".parse().unwrap(),
            program: "x".into(),
            args: vec![],
            environment: vec![(name.to_owned(), SecretText::new("value").unwrap())],
            secrets: vec![],
            working_directory: "/".into(),
            files: vec![],
            home: "/".into(),
            place: crate::runtime::Place::Process,
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn of_the_parent_only_what_is_listed_goes_on() {
        let pair = |name: &str| (OsString::from(name), OsString::from("x"));
        let parent: Vec<_> = [
            "PATH",
            "HOME",
            "LC_ALL",
            "LC_",
            "path",
            "LCX",
            "AWS_SECRET_ACCESS_KEY",
            "JIRA_CLIENT_SECRET",
            "LD_PRELOAD",
            "KEYFERRY_HOME",
            "SSH_AUTH_SOCK",
            "XDG_RUNTIME_DIR",
            "TZ",
        ]
        .into_iter()
        .map(pair)
        .collect();
        let names: Vec<_> = inherited(&parent).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "HOME", "LC_ALL", "LC_", "TZ"]);
        assert_eq!(path(&parent), Some(OsStr::new("x")));
        assert_eq!(path(&[]), None);
    }

    #[test]
    fn a_name_that_forges_or_loads_is_refused() {
        for bad in [
            "",
            "1A",
            "A=B",
            "A\nB",
            "A\rB",
            "A\0B",
            "A B",
            "Ä",
            "A-B",
            "LD_PRELOAD",
            "ld_preload",
            "LD_LIBRARY_PATH",
            "DYLD_INSERT_LIBRARIES",
            "NODE_OPTIONS",
            "Node_Options",
            "BASH_ENV",
            "PATH",
            "Path",
            "PYTHONSTARTUP",
            "BASH_FUNC_x",
            "GLIBC_TUNABLES",
        ] {
            let error = check(&launch(bad)).unwrap_err();
            assert!(matches!(error, RuntimeError::Variable { .. }), "{bad:?}: {error}");
        }
        let long = "A".repeat(10_000);
        assert!(check(&launch(&long)).unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn an_ordinary_name_is_accepted() {
        for good in
            ["JIRA_ACCESS_TOKEN", "_x", "PYTHONPATH", "NODE_ENV", "GITHUB_TOKEN", "HTTP_PROXY", "lower_case"]
        {
            assert_eq!(check(&launch(good)), Ok(()), "{good}");
        }
    }

    #[test]
    fn an_argument_with_a_nul_is_refused() {
        let mut launch = launch("A");
        launch.args = vec!["fine\n".into(), "a\0b".into()];
        assert_eq!(check(&launch), Err(RuntimeError::Argument { position: 2 }));
    }
}
