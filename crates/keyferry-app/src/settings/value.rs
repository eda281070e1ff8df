//! From a setting's text to its type, with the reason when it can't be.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use keyferry_core::{
    secret::SecretText,
    url::{Endpoint, InvalidUrl},
};

use super::Key;
use crate::{catalog::InvalidSource, vault::KeyPlace};

/// Where the local API listens unless told otherwise.
pub(super) const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7667);

/// Where the proxy listens unless told otherwise.
const DEFAULT_PROXY: &str = "http://127.0.0.1:7666";

/// No wait in the app is longer: a limit that never ends is none.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How sources of manifests are written.
const SOURCES_HINT: &str = "write them like this: [catalog], and below it sources = [\"/path/to/folder\", \"https://example.com/catalog.json\"]";

/// What runs servers for which nothing else was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServersRuntime {
    /// A container where there is an engine and the manifest can run in one; else the person is asked.
    Auto,
    /// A process, without a question.
    Process,
    /// A container, and nothing else.
    Container,
}

/// Why a value can't be that of its key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValue {
    /// A table, a date, or a list where one value belongs.
    #[error("`{0}` can't have a value of this kind")]
    Shape(Key),
    /// Not an address and a port.
    #[error("`{0}` is not an address and a port: {1:?}")]
    NotAnAddress(Key, String),
    /// An address other machines, or other programs' hosts, can reach.
    #[error(
        "`{0}` must be on loopback, and {1} is not: the local API opens the vault, and other machines must not reach it"
    )]
    NotLoopback(Key, SocketAddr),
    /// A port below 1024.
    #[error(
        "`{0}` has the port {1}: ports below 1024 are the system's, and no sign-in can come back to them"
    )]
    SystemPort(Key, u16),
    /// Not a URL we connect to.
    #[error("`{0}` is not a URL that can be used: {1}")]
    NotAnEndpoint(Key, InvalidUrl),
    /// Neither `true` nor `false`.
    #[error("`{0}` is neither true nor false: {1:?}")]
    NotABoolean(Key, String),
    /// Not a time, or not one between a second and an hour.
    #[error("`{0}` is not a time from 1s to 1h: {1:?}")]
    NotADuration(Key, String),
    /// Not a text that a header can carry. The text itself is not repeated.
    #[error("`{0}` is not a key: 1 or more visible ASCII characters")]
    NotAKey(Key),
    /// An empty path, or one with a NUL.
    #[error("`{0}` names a folder that can't exist")]
    NotAFolder(Key),
    /// Neither a folder nor a URL that we connect to.
    #[error("`{0}` names no source of manifests: {1}")]
    NotASource(Key, InvalidSource),
    /// None of the runtimes.
    #[error("`{0}` names no runtime: {1:?}")]
    NotARuntime(Key, String),
    /// Not the name of an image.
    #[error("`{0}` is not the name of an image: {1:?}")]
    NotAnImage(Key, String),
    /// Not a place for the master key.
    #[error("`{0}` names no place for the vault's key: {1:?}")]
    NotAPlace(Key, String),
}

impl InvalidValue {
    pub(super) fn hint(&self) -> String {
        match self {
            Self::Shape(key) | Self::NotAFolder(key) => match key {
                Key::Providers => format!("write it like this: {key} = [\"/path/to/folder\"]"),
                Key::CatalogSources => SOURCES_HINT.to_owned(),
                _ => format!("write it as text: {key} = \"…\""),
            },
            Self::NotAnAddress(..) | Self::NotLoopback(..) | Self::SystemPort(..) => {
                format!("use {DEFAULT_LISTEN}, [::1]:7667 or another port of theirs")
            }
            Self::NotAnEndpoint(..) => {
                format!("use https://…, or plain http on loopback such as {DEFAULT_PROXY}")
            }
            Self::NotASource(..) => SOURCES_HINT.to_owned(),
            Self::NotABoolean(..) => "write true or false".to_owned(),
            Self::NotAKey(_) => "copy the key that the proxy's operator gave you".to_owned(),
            Self::NotAPlace(..) => "write keychain, passphrase or file".to_owned(),
            Self::NotARuntime(..) => "write auto, process or container".to_owned(),
            Self::NotAnImage(..) => "write a name such as registry.example/base:1.0".to_owned(),
            Self::NotADuration(..) => "write a number of seconds, or 90s, 5m, 1h".to_owned(),
        }
    }
}

#[expect(clippy::unwrap_used, reason = "a constant; a test parses it")]
pub(super) fn default_proxy_url() -> Endpoint {
    Endpoint::parse(DEFAULT_PROXY).unwrap()
}

/// Only the two addresses that a redirect URI of ours can name (RFC 8252 §7.3): `localhost` may resolve to either, and
/// another 127.x.y.z would make each of them answer to the other's `Host`.
pub(super) fn listen(key: Key, text: &str) -> Result<SocketAddr, InvalidValue> {
    let address: SocketAddr =
        text.parse().map_err(|_| InvalidValue::NotAnAddress(key, text.chars().take(60).collect()))?;
    let allowed = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    if !allowed.contains(&address.ip()) {
        return Err(InvalidValue::NotLoopback(key, address));
    }
    if (1..1024).contains(&address.port()) {
        return Err(InvalidValue::SystemPort(key, address.port()));
    }
    Ok(address)
}

pub(super) fn endpoint(key: Key, text: &str) -> Result<Endpoint, InvalidValue> {
    Endpoint::parse(text).map_err(|reason| InvalidValue::NotAnEndpoint(key, reason))
}

pub(super) fn boolean(key: Key, text: &str) -> Result<bool, InvalidValue> {
    match text {
        "true" | "1" | "yes" => Ok(true),
        "false" | "0" | "no" => Ok(false),
        _ => Err(InvalidValue::NotABoolean(key, text.chars().take(60).collect())),
    }
}

pub(super) fn access_key(key: Key, text: &str) -> Result<SecretText, InvalidValue> {
    let visible = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    SecretText::new(text).ok().filter(|_| visible).ok_or(InvalidValue::NotAKey(key))
}

pub(super) fn duration(key: Key, text: &str) -> Result<Duration, InvalidValue> {
    let refused = || InvalidValue::NotADuration(key, text.chars().take(60).collect());
    let (number, unit) = match text.strip_suffix(['s', 'm', 'h']) {
        Some(number) if text.ends_with('m') => (number, 60),
        Some(number) if text.ends_with('h') => (number, 60 * 60),
        Some(number) => (number, 1),
        None => (text, 1),
    };
    let plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = number.parse::<u64>().ok().filter(|_| plain).and_then(|number| number.checked_mul(unit));
    let duration = Duration::from_secs(seconds.ok_or_else(refused)?);
    if (Duration::from_secs(1)..=LONGEST).contains(&duration) { Ok(duration) } else { Err(refused()) }
}

pub(super) fn servers_runtime(key: Key, text: &str) -> Result<ServersRuntime, InvalidValue> {
    match text {
        "auto" => Ok(ServersRuntime::Auto),
        "process" => Ok(ServersRuntime::Process),
        "container" => Ok(ServersRuntime::Container),
        _ => Err(InvalidValue::NotARuntime(key, text.chars().take(60).collect())),
    }
}

pub(super) fn image(key: Key, text: &str) -> Result<String, InvalidValue> {
    let valid = (1..=512).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte));
    if valid {
        Ok(text.to_owned())
    } else {
        Err(InvalidValue::NotAnImage(key, text.chars().take(60).collect()))
    }
}

pub(super) fn key_place(key: Key, text: &str) -> Result<KeyPlace, InvalidValue> {
    text.parse().map_err(|_| InvalidValue::NotAPlace(key, text.chars().take(60).collect()))
}

pub(super) fn path(key: Key, text: &str) -> Result<PathBuf, InvalidValue> {
    folder(key, PathBuf::from(text))
}

pub(super) fn folder(key: Key, path: PathBuf) -> Result<PathBuf, InvalidValue> {
    let impossible = path.as_os_str().is_empty() || path.as_os_str().as_encoded_bytes().contains(&0);
    if impossible { Err(InvalidValue::NotAFolder(key)) } else { Ok(path) }
}
