//! Which browser is driven: the one of the settings, else the first of Chromium's family that is installed.

use std::{
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use keyferry_core::manifest::Platform;

use super::BrowserError;

/// Names in `PATH`, in order. What a person most likely signs in with comes first.
const NAMES: [&str; 9] = [
    "google-chrome",
    "google-chrome-stable",
    "chromium",
    "chromium-browser",
    "microsoft-edge",
    "microsoft-edge-stable",
    "brave-browser",
    "brave-browser-stable",
    "brave",
];

/// Applications of macOS, below `/Applications` or the person's own folder of that name.
const APPLICATIONS: [&str; 4] = ["Google Chrome", "Chromium", "Microsoft Edge", "Brave Browser"];

/// Programs of Windows, below each of its program folders.
const PROGRAMS: [&str; 4] = [
    "Google/Chrome/Application/chrome.exe",
    "Chromium/Application/chrome.exe",
    "Microsoft/Edge/Application/msedge.exe",
    "BraveSoftware/Brave-Browser/Application/brave.exe",
];

/// The browser. `named` is that of the settings, and then there is no other; `runs` says whether a file is there to be run.
pub(super) fn browser(
    named: Option<&Path>,
    platform: Platform,
    environment: &[(OsString, OsString)],
    runs: impl Fn(&Path) -> bool,
) -> Result<PathBuf, BrowserError> {
    if let Some(named) = named {
        let bare = named.parent().is_some_and(|parent| parent.as_os_str().is_empty());
        let found = match bare {
            true => in_path(environment, named.as_os_str()).find(|file| runs(file)),
            false => Some(named.to_owned()).filter(|file| file.is_absolute() && runs(file)),
        };
        return found.ok_or_else(|| BrowserError::NotThere(named.to_owned()));
    }
    candidates(platform, environment).into_iter().find(|file| runs(file)).ok_or(BrowserError::NotFound)
}

/// Where browsers are, the likeliest first.
fn candidates(platform: Platform, environment: &[(OsString, OsString)]) -> Vec<PathBuf> {
    let below = |variables: &[&str], file: &str| -> Vec<PathBuf> {
        let folder = |name: &&str| variable(environment, name).map(|folder| Path::new(folder).join(file));
        variables
            .iter()
            .filter_map(folder)
            .filter(|file| file.is_absolute() || platform == Platform::Win32)
            .collect()
    };
    match platform {
        Platform::Linux => {
            NAMES.iter().flat_map(|name| in_path(environment, OsStr::new(name)).collect::<Vec<_>>()).collect()
        }
        Platform::Darwin => {
            let file = |name: &str| format!("Applications/{name}.app/Contents/MacOS/{name}");
            let of = |name: &&str| {
                let all = Path::new("/").join(file(name));
                std::iter::once(all).chain(below(&["HOME"], &file(name))).collect::<Vec<_>>()
            };
            APPLICATIONS.iter().flat_map(of).collect()
        }
        Platform::Win32 => {
            let folders = ["PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"];
            PROGRAMS.iter().flat_map(|program| below(&folders, program)).collect()
        }
    }
}

fn variable<'e>(environment: &'e [(OsString, OsString)], wanted: &str) -> Option<&'e OsStr> {
    let same = |name: &OsString| name.to_str().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
    environment.iter().find(|(name, _)| same(name)).map(|(_, value)| value.as_os_str())
}

/// A file in the absolute folders of `PATH`: an empty or relative one depends on where the app was started.
fn in_path<'e>(
    environment: &'e [(OsString, OsString)],
    name: &'e OsStr,
) -> impl Iterator<Item = PathBuf> + 'e {
    let folders = variable(environment, "PATH").map(std::env::split_paths);
    folders.into_iter().flatten().filter(|folder| folder.is_absolute()).map(move |folder| folder.join(name))
}

/// Whether a file is there to be run.
pub(super) fn runs(file: &Path) -> bool {
    let Ok(metadata) = std::fs::metadata(file) else { return false };
    #[cfg(unix)]
    let may_run = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let may_run = true;
    metadata.is_file() && may_run
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        pairs.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))).collect()
    }

    #[test]
    fn the_browser_is_found_on_each_system_or_named() {
        let linux = environment(&[("PATH", "relative::/usr/local/bin:/usr/bin")]);
        let mac = environment(&[("HOME", "/Users/ada"), ("PATH", "/usr/bin")]);
        let windows = environment(&[("ProgramFiles", "C:\\P"), ("LocalAppData", "C:\\Users\\ada\\L")]);
        let mac_edge = "/Users/ada/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge";
        let local_chrome = "C:\\Users\\ada\\L/Google/Chrome/Application/chrome.exe";
        /// The browser of the settings, the system, its variables, the files that are there, and what is found.
        type Row<'r> =
            (Option<&'r str>, Platform, &'r [(OsString, OsString)], &'r [&'r str], Result<&'r str, &'r str>);
        let table: [Row<'_>; 10] = [
            (
                None,
                Platform::Linux,
                &linux,
                &["/usr/bin/chromium", "/usr/bin/brave"],
                Ok("/usr/bin/chromium"),
            ),
            (None, Platform::Linux, &linux, &["/usr/bin/brave-browser"], Ok("/usr/bin/brave-browser")),
            (None, Platform::Linux, &linux, &["relative/chromium", "/opt/chromium"], Err("no_browser")),
            (None, Platform::Linux, &[], &["/usr/bin/chromium"], Err("no_browser")),
            (None, Platform::Darwin, &mac, &[mac_edge, "/usr/bin/chromium"], Ok(mac_edge)),
            (None, Platform::Win32, &windows, &[local_chrome], Ok(local_chrome)),
            (Some("/opt/x"), Platform::Linux, &linux, &["/opt/x", "/usr/bin/chromium"], Ok("/opt/x")),
            (Some("/opt/x"), Platform::Linux, &linux, &["/usr/bin/chromium"], Err("browser_not_there")),
            (Some("vivaldi"), Platform::Linux, &linux, &["/usr/bin/vivaldi"], Ok("/usr/bin/vivaldi")),
            (Some("./x"), Platform::Linux, &linux, &["./x"], Err("browser_not_there")),
        ];
        for (named, platform, environment, there, expected) in table {
            let runs = |file: &Path| there.iter().any(|known| Path::new(known) == file);
            let found = browser(named.map(Path::new), platform, environment, runs);
            let found = found.as_deref().map_err(BrowserError::code);
            assert_eq!(found, expected.map(Path::new), "{named:?} {there:?}");
        }
    }
}
