//! Why a server is not installed or does not start, with what to do about it.

use axum::http::StatusCode;
use keyferry_core::{
    id::{ConnectionId, ProviderName, ServerName},
    manifest::SettingProblem,
};

use super::paths::BadPath;
use crate::{
    api::{ApiError, dto::Problem},
    connections::ConnectionError,
    runtime::RuntimeError,
    vault::VaultError,
};

/// Why an install was refused, or ended without a server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InstallError {
    /// The catalog has no such manifest.
    #[error("the catalog has no manifest {name:?}")]
    UnknownManifest { name: String, nearest: Option<String> },
    /// The folder that came along is no absolute path.
    #[error("the manifest's folder must be an absolute path")]
    BadFolder,
    /// The manifest can't be used, or not yet.
    #[error("{}", .0.message)]
    Unusable(Problem),
    /// Settings break the manifest's rules.
    #[error("{}", listed(.0))]
    BadSettings(Vec<SettingProblem>),
    /// A setting names a file or folder that is not there.
    #[error(transparent)]
    BadPath(#[from] BadPath),
    /// A server of this name exists.
    #[error("{0} is installed already")]
    AlreadyInstalled(ServerName),
    /// A server of this name is being made.
    #[error("{0} is being installed already")]
    UnderWay(ServerName),
    /// The registry is full.
    #[error("too many installs are under way")]
    Full,
    /// The sign-in that was asked for is none of the manifest's.
    #[error("the manifest offers no such sign-in")]
    NotOffered,
    /// A value that no provider asks for.
    #[error("no provider asks for {0:?}")]
    UnknownConfig(String),
    /// A credential file that a value would break.
    #[error("the file {path} can't be written: {error}")]
    Undeliverable { path: String, error: keyferry_core::delivery::NotDeliverable },
    /// No container engine is there, and nobody has said that it may run as a process.
    #[error("{0}; as a process, this server could do what you can do")]
    OnlyAsProcess(RuntimeError),
    /// The vault has no such connection.
    #[error("there is no connection {0:?}")]
    UnknownConnection(String),
    /// The connection is to another service.
    #[error("the connection {connection} is one to {found}, and the server needs {needed}")]
    OtherProvider { connection: ConnectionId, found: ProviderName, needed: ProviderName },
    /// A connection for a server without an account.
    #[error("the manifest asks for no account, so there is no use for a connection")]
    NoUseForConnection,
    /// The server's connection was revoked.
    #[error("{0} needs an account, and its connection is gone")]
    NoConnection(ServerName),
    /// The person or the app ended it.
    #[error("the install was cancelled")]
    Cancelled,
    /// The server does not start or answer.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The account can't be used.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The vault fails.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Another step failed.
    #[error("{}", .0.message)]
    Step(Problem),
}

fn listed(problems: &[SettingProblem]) -> String {
    let each: Vec<_> = problems.iter().map(|problem| format!("{}: {}", problem.key, problem.what)).collect();
    each.join("; ")
}

impl InstallError {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
        match self {
            Self::UnknownManifest { .. } => (StatusCode::NOT_FOUND, "unknown_manifest"),
            Self::BadFolder => (UNPROCESSABLE, "bad_folder"),
            Self::BadSettings(_) | Self::BadPath(_) => (UNPROCESSABLE, "bad_settings"),
            Self::AlreadyInstalled(_) => (StatusCode::CONFLICT, "already_installed"),
            Self::UnderWay(_) => (StatusCode::CONFLICT, "install_under_way"),
            Self::Full => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Self::NotOffered => (UNPROCESSABLE, "sign_in_not_offered"),
            Self::UnknownConfig(_) => (UNPROCESSABLE, "unknown_config"),
            Self::Undeliverable { .. } => (StatusCode::BAD_GATEWAY, "file_delivery"),
            Self::OnlyAsProcess(_) => (StatusCode::CONFLICT, "only_as_process"),
            Self::UnknownConnection(_) => (UNPROCESSABLE, "unknown_connection"),
            Self::OtherProvider { .. } => (UNPROCESSABLE, "wrong_connection"),
            Self::NoUseForConnection => (UNPROCESSABLE, "connection_not_needed"),
            Self::NoConnection(_) => (StatusCode::CONFLICT, "needs_sign_in"),
            Self::Cancelled => (StatusCode::CONFLICT, "cancelled"),
            Self::Unusable(_) => (UNPROCESSABLE, "unusable"),
            Self::Runtime(_) | Self::Connection(_) | Self::Vault(_) | Self::Step(_) => {
                (StatusCode::BAD_GATEWAY, "failed")
            }
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::UnknownManifest { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?"),
            Self::UnknownManifest { nearest: None, .. } => {
                "`keyferry catalog list` shows what there is".to_owned()
            }
            Self::BadFolder => "name the folder from the root".to_owned(),
            Self::BadSettings(problems) => {
                let hints: Vec<_> = problems.iter().map(|problem| problem.hint.as_str()).collect();
                hints.join("; ")
            }
            Self::BadPath(_) => "name a path from the root that is there".to_owned(),
            Self::AlreadyInstalled(server) => format!("uninstall it first: keyferry uninstall {server}"),
            Self::UnderWay(_) => {
                "wait for it, or end the command that does it; one that was killed is noticed within seconds"
                    .to_owned()
            }
            Self::Full => "wait until one is over, or cancel one".to_owned(),
            Self::NotOffered => "leave the choice of sign-in to the manifest".to_owned(),
            Self::UnknownConnection(_) | Self::OtherProvider { .. } => {
                "`keyferry connections list` shows what there is; without one, the install signs in"
                    .to_owned()
            }
            Self::UnknownConfig(_) => "`keyferry provider show NAME` says what it asks for".to_owned(),
            Self::Undeliverable { .. } => {
                "the service told something that no file can hold; its provider file may be wrong".to_owned()
            }
            Self::OnlyAsProcess(_) => {
                "install Podman or start Docker; or say that it may: --runtime process".to_owned()
            }
            Self::NoUseForConnection => "leave the connection out".to_owned(),
            Self::NoConnection(server) => {
                format!("uninstall it and install it again: keyferry uninstall {server}")
            }
            Self::Cancelled => "nothing was left behind; install it again when you like".to_owned(),
            Self::Unusable(_) | Self::Runtime(_) | Self::Connection(_) | Self::Vault(_) | Self::Step(_) => {
                return None;
            }
        };
        Some(hint)
    }
}

impl From<InstallError> for Problem {
    fn from(error: InstallError) -> Self {
        match error {
            InstallError::Unusable(problem) | InstallError::Step(problem) => problem,
            InstallError::Runtime(error) => Self::from(&error),
            InstallError::Connection(error) => Self::from(&error),
            InstallError::Vault(error) => Self::from(&error),
            other => Self {
                error: other.status_and_code().1.to_owned(),
                message: other.to_string(),
                hint: other.hint(),
            },
        }
    }
}

impl From<InstallError> for ApiError {
    fn from(error: InstallError) -> Self {
        match error {
            InstallError::Runtime(error) => error.into(),
            InstallError::Connection(error) => error.into(),
            InstallError::Vault(error) => error.into(),
            other => Self::new(other.status_and_code().0, other.into()),
        }
    }
}
