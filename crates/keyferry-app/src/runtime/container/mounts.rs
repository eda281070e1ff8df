//! Which folders and files of this machine a container may be shown.

use std::path::{Component, Path, PathBuf};

use crate::runtime::{Mount, RuntimeError};

/// Places of the machine's own: to show them would show the machine, or hide the image's.
const SYSTEMS: [&str; 13] = [
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr",
    "/var/run",
];

/// What must never be shown as a whole.
#[derive(Debug, Default)]
pub(crate) struct Guarded {
    /// The person's home.
    pub(crate) home: Option<PathBuf>,
    /// The app's data folder: the vault is in it.
    pub(crate) data_folder: PathBuf,
}

/// A folder or file that the person named, as a mount at the same path, or at `target`.
///
/// # Errors
/// [`RuntimeError::Mount`] where it is, holds or lies in what is not to be shown.
pub(crate) fn mount(
    named: &Path,
    target: Option<&str>,
    writable: bool,
    guarded: &Guarded,
) -> Result<Mount, RuntimeError> {
    let refused = |reason: &'static str| RuntimeError::Mount { path: named.to_owned(), reason };
    let target = match target {
        Some(target) => Path::new(target),
        None => named,
    };
    let plain = target.is_absolute()
        && target.components().all(|part| matches!(part, Component::RootDir | Component::Normal(_)));
    let target_text = target.to_str().filter(|text| plain && !text.chars().any(char::is_control));
    let target_text =
        target_text.ok_or_else(|| refused("its path has `..` or a character that no mount can have"))?;
    let source = named.canonicalize().map_err(|_| refused("it is not there"))?;
    for path in [&source, target] {
        if path == Path::new("/") || SYSTEMS.iter().any(|system| path.starts_with(system)) {
            return Err(refused("it is a place of the system's own"));
        }
    }
    if is_socket(&source) {
        return Err(refused("it is a socket"));
    }
    let resolved = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let data_folder = resolved(&guarded.data_folder);
    if source.starts_with(&data_folder) || data_folder.starts_with(&source) {
        return Err(refused("Keyferry's own data lies there"));
    }
    if guarded.home.as_deref().map(resolved).is_some_and(|home| home.starts_with(&source)) {
        return Err(refused("a whole home is never shown to a server; name a folder in it"));
    }
    Ok(Mount { source, target: target_text.to_owned(), writable })
}

#[cfg(unix)]
fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.file_type().is_socket())
}

#[cfg(not(unix))]
fn is_socket(_path: &Path) -> bool {
    false
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn what_the_person_named_is_shown_and_what_holds_more_is_not() {
        let world = tempfile::tempdir().unwrap();
        let at = |path: &str| world.path().canonicalize().unwrap().join(path);
        for folder in ["home/docs", "home/.keyferry/servers", "elsewhere"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        symlink(at("home"), at("elsewhere/link")).unwrap();
        symlink(at("home/docs"), at("elsewhere/docs")).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(at("elsewhere/engine.sock")).unwrap();
        let guarded = Guarded { home: Some(at("home")), data_folder: at("home/.keyferry") };
        let shown = |path: PathBuf, target: Option<&str>| mount(&path, target, false, &guarded);

        let docs = at("home/docs");
        let plain = shown(docs.clone(), None).unwrap();
        assert_eq!((&plain.source, plain.target.as_str()), (&docs, docs.to_str().unwrap()));
        let linked = shown(at("elsewhere/docs"), None).unwrap();
        assert_eq!(
            (linked.source, linked.target),
            (docs.clone(), at("elsewhere/docs").display().to_string())
        );
        assert_eq!(shown(docs.clone(), Some("/data")).unwrap().target, "/data");
        assert!(shown(at("elsewhere"), None).is_ok());

        for (path, target) in [
            (at("home"), None),
            (at(""), None),
            (at("elsewhere/link"), None),
            (at("home/.keyferry"), None),
            (at("home/.keyferry/servers"), None),
            (at("nowhere"), None),
            (at("elsewhere/engine.sock"), None),
            ("/".into(), None),
            ("/etc".into(), None),
            ("/usr/bin".into(), None),
            ("/proc/1".into(), None),
            (docs.clone(), Some("/etc")),
            (docs.clone(), Some("/usr/lib")),
            (docs.clone(), Some("/a/../b")),
            (docs.clone(), Some("relative")),
            (docs, Some("/a\nb")),
        ] {
            let shown = shown(path.clone(), target);
            assert!(
                matches!(shown, Err(RuntimeError::Mount { .. })),
                "{} {target:?}: {shown:?}",
                path.display()
            );
        }
    }
}
