//! Which file a command means.

use std::{
    ffi::OsStr,
    path::{Component, Path, PathBuf},
};

use crate::runtime::RuntimeError;

/// The command that means the very program that runs.
const OURSELVES: &str = "keyferry";

/// Finds the file of `command`.
///
/// `keyferry` is `this_program`. With a separator in it, it is an absolute path or one below `folder`. Else it is looked up in the
/// absolute folders of `path`; an empty or relative entry there would make it depend on where the app was started, and is passed over.
pub(crate) fn resolve(
    command: &str,
    folder: &Path,
    this_program: &Path,
    path: Option<&OsStr>,
) -> Result<PathBuf, RuntimeError> {
    let not_found = || RuntimeError::ProgramNotFound { program: command.chars().take(200).collect() };
    if command == OURSELVES {
        return Ok(this_program.to_owned());
    }
    if command.is_empty() || command.contains('\0') {
        return Err(not_found());
    }
    let asked = Path::new(command);
    if asked.is_absolute() {
        return executable(asked).ok_or_else(not_found)?;
    }
    let mut parts = asked.components();
    if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) || command.contains('/') {
        let below = asked.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let found = if below { executable(&folder.join(asked)) } else { None };
        return found.ok_or_else(not_found)?;
    }
    search(command, path).ok_or_else(not_found)?
}

/// The first executable of that name; failing that, the first file that only lacks the permission.
fn search(command: &str, path: Option<&OsStr>) -> Option<Result<PathBuf, RuntimeError>> {
    let mut refused = None;
    for folder in std::env::split_paths(path?).filter(|folder| folder.is_absolute()) {
        match executable(&folder.join(command)) {
            Some(Ok(found)) => return Some(Ok(found)),
            Some(Err(error)) => _ = refused.get_or_insert(Err(error)),
            None => {}
        }
    }
    refused
}

#[cfg(unix)]
fn executable(file: &Path) -> Option<Result<PathBuf, RuntimeError>> {
    use std::os::unix::fs::PermissionsExt as _;
    let metadata = std::fs::metadata(file).ok()?;
    let refused = |reason| Some(Err(RuntimeError::NotExecutable { path: file.to_owned(), reason }));
    if metadata.is_dir() {
        return refused("it is a folder");
    }
    if metadata.permissions().mode() & 0o111 == 0 {
        return refused("its permissions do not allow it");
    }
    Some(Ok(file.to_owned()))
}

#[cfg(not(unix))]
fn executable(file: &Path) -> Option<Result<PathBuf, RuntimeError>> {
    let named = |extension: &str| {
        let mut name = file.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    ["", ".exe", ".cmd", ".bat"].into_iter().map(named).find(|file| file.is_file()).map(Ok)
}

/// What to do about a command that is not there.
pub(crate) fn hint(command: &str) -> &'static str {
    let name = Path::new(command).file_stem().and_then(OsStr::to_str).unwrap_or(command);
    match name {
        "npx" | "npm" | "node" | "corepack" | "yarn" | "pnpm" => {
            "install Node.js (https://nodejs.org), which brings it"
        }
        "uvx" | "uv" => "install uv (https://docs.astral.sh/uv)",
        "python" | "python3" | "pip" | "pipx" => "install Python (https://www.python.org)",
        "docker" => "install Docker (https://docs.docker.com/get-started/get-docker)",
        "podman" => "install Podman (https://podman.io)",
        "deno" => "install Deno (https://deno.com)",
        "bun" | "bunx" => "install Bun (https://bun.sh)",
        "java" => "install a Java runtime (https://adoptium.net)",
        "dotnet" => "install .NET (https://dotnet.microsoft.com)",
        _ => "install it, or put its folder into PATH and start the app again",
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;
    use std::{ffi::OsString, fs, os::unix::fs::PermissionsExt as _};

    fn file(path: &Path, mode: u32) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_command_is_found_where_it_may_be() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path();
        file(&root.join("server/bin/run"), 0o755);
        file(&root.join("server/local"), 0o755);
        file(&root.join("outside"), 0o755);
        file(&root.join("first/tool"), 0o644);
        file(&root.join("second/tool"), 0o755);
        file(&root.join("first/only-text"), 0o644);
        let folder = root.join("server");
        let path: OsString = std::env::join_paths([
            PathBuf::new(),
            PathBuf::from("server"),
            root.join("gone"),
            root.join("first"),
            root.join("second"),
        ])
        .unwrap();
        let look = |command: &str| resolve(command, &folder, Path::new("/opt/keyferry"), Some(&path));

        assert_eq!(look("keyferry").unwrap(), Path::new("/opt/keyferry"));
        assert_eq!(look("tool").unwrap(), root.join("second/tool"));
        assert_eq!(look("bin/run").unwrap(), folder.join("bin/run"));
        assert_eq!(look("./local").unwrap(), folder.join("./local"));
        assert_eq!(look(root.join("outside").to_str().unwrap()).unwrap(), root.join("outside"));
        for gone in [
            "",
            "local",
            "../outside",
            "bin/../../outside",
            "bin/none",
            "/nowhere/tool",
            "none",
            "a\0b",
            "..",
        ] {
            let error = look(gone).unwrap_err();
            assert!(matches!(error, RuntimeError::ProgramNotFound { .. }), "{gone:?}: {error}");
        }
        for (refused, why) in [("only-text", "permissions"), ("./bin", "folder")] {
            let error = look(refused).unwrap_err();
            assert_eq!(error.code(), "command_not_executable");
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    #[test]
    fn a_missing_command_says_what_to_install() {
        let missing = |command: &str| resolve(command, Path::new("/"), Path::new("/k"), None).unwrap_err();
        for (command, install) in [("npx", "Node.js"), ("uvx", "uv"), ("docker", "Docker"), ("other", "PATH")]
        {
            let error = missing(command);
            assert!(error.to_string().contains(command), "{error}");
            assert!(error.hint().contains(install), "{}", error.hint());
        }
    }
}
