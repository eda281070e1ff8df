//! `app.json`: where the owner of a data folder listens.

use std::{
    fs,
    io::Read as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    thread,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{ApiToken, DataFolder, HomeError, lock};
use crate::vault::private_file;

const FILE_NAME: &str = "app.json";

/// More than the file ever holds.
const LARGEST: u64 = 4 * 1024;

/// An app that has the lock and has not yet said where it listens is starting: that long it may take.
const TRIES: u32 = 150;
const PAUSE: Duration = Duration::from_millis(20);

/// An app that runs, and the means to speak to it.
#[derive(Debug)]
pub struct Running {
    /// Where its local API listens.
    pub address: SocketAddr,
    /// The bearer token for it.
    pub token: ApiToken,
    /// Its process.
    pub pid: u32,
    /// Its version, which may differ from the asking program's.
    pub version: String,
}

/// What `app.json` holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) pid: u32,
    pub(crate) address: SocketAddr,
    pub(crate) version: String,
}

impl Announcement {
    /// This process, listening there.
    pub(crate) fn of_this_process(address: SocketAddr) -> Self {
        Self { pid: std::process::id(), address, version: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// Writes `app.json` for those who look for this app.
    pub(crate) fn publish(&self, folder: &DataFolder) -> Result<(), HomeError> {
        let unwritable = |source| HomeError::NotWritable { path: folder.path().to_owned(), source };
        let json = serde_json::to_vec_pretty(self).map_err(|error| unwritable(error.into()))?;
        private_file::write(&folder.path().join(FILE_NAME), &json)
            .map_err(|error| unwritable(std::io::Error::other(error)))
    }

    /// Takes `app.json` away. The first thing the owner of the lock does, for a dead app's address may be anyone's by now,
    /// and the last, for its own will be.
    pub(crate) fn withdraw(folder: &DataFolder) -> Result<(), HomeError> {
        match fs::remove_file(folder.path().join(FILE_NAME)) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(HomeError::NotWritable { path: folder.path().to_owned(), source }),
        }
    }
}

/// The app that owns this data folder, if one runs. Blocks for up to three seconds while one is starting.
///
/// What a dead app left behind is not mistaken for a running one: the kernel lock decides, and the token goes to nobody
/// while it is free.
///
/// # Errors
/// [`HomeError::Silent`] when an app owns the folder and does not say where it listens; otherwise what is wrong with the
/// folder's files.
pub fn find_running(folder: &Path) -> Result<Option<Running>, HomeError> {
    for _ in 0..TRIES {
        if !lock::is_held(folder)? {
            return Ok(None);
        }
        if let Some(Announcement { pid, address, version }) = announced(folder) {
            let token = ApiToken::read(folder)?;
            return Ok(Some(Running { address, token, pid, version }));
        }
        thread::sleep(PAUSE);
    }
    Err(HomeError::Silent(folder.to_owned()))
}

/// What `app.json` says, if it is one of ours and names a loopback address.
pub(super) fn announced(folder: &Path) -> Option<Announcement> {
    let mut text = String::new();
    fs::File::open(folder.join(FILE_NAME)).ok()?.take(LARGEST).read_to_string(&mut text).ok()?;
    let announcement: Announcement = serde_json::from_str(&text).ok()?;
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    loopback.contains(&announcement.address.ip()).then_some(announcement)
}
