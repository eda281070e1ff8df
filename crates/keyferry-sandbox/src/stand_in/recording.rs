//! A folder of recorded replies.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    demands::Demands,
    reply::{InvalidReply, RecordedReply},
};

/// The longest file of a recording that is read, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// The most replies of one kind: requests of one code exchange, or refusals.
const MOST_REPLIES: usize = 4;

/// What one service answers, as it was recorded. What is not there was not recorded.
#[derive(Debug, Clone, Default)]
pub struct Recording {
    /// `callback.txt`: the query that the service appends to the redirect URI, with `{state}` in the state's place.
    pub callback: Option<Callback>,
    /// `token.http`, then `token-2.http` and so on where an exchange takes several requests.
    pub tokens: Vec<RecordedReply>,
    /// `refresh.http`
    pub refresh: Option<RecordedReply>,
    /// `error.http`: what a dead refresh token is answered with; without refreshes, a dead code. Then `error-2.http` and so on: further
    /// refusals.
    pub errors: Vec<RecordedReply>,
    /// `account.http`
    pub account: Option<RecordedReply>,
    /// `revoke.http`. A success without a body where it is not there.
    pub revoke: Option<RecordedReply>,
    /// `demands.toml`
    pub demands: Demands,
}

/// The query of a callback. It holds a code.
#[derive(Clone)]
pub struct Callback(String);

/// Why a folder is no recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// A file can't be read.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is no reply.
    #[error("{}: {error}", path.display())]
    Reply {
        /// The file.
        path: PathBuf,
        /// Why.
        error: InvalidReply,
    },
    /// `demands.toml` is none.
    #[error("{}: {message}", path.display())]
    Demands {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// `callback.txt` is no query.
    #[error("{}: it must be one line, the query of the redirect, with {{state}} where the state stands: code=…&state={{state}}", path.display())]
    Callback {
        /// The file.
        path: PathBuf,
    },
}

impl Recording {
    /// Reads a folder.
    ///
    /// # Errors
    /// [`RecordingError`] for what is there and can't be read. What is not there is no error.
    pub fn read(folder: &Path) -> Result<Self, RecordingError> {
        fs::read_dir(folder)
            .map_err(|error| RecordingError::Unreadable { path: folder.to_owned(), error })?;
        let reply = |name: &str| reply(&folder.join(name));
        Ok(Self {
            callback: callback(folder.join("callback.txt"))?,
            tokens: numbered(folder, "token")?,
            refresh: reply("refresh.http")?,
            errors: numbered(folder, "error")?,
            account: reply("account.http")?,
            revoke: reply("revoke.http")?,
            demands: demands(folder.join("demands.toml"))?,
        })
    }
}

impl Callback {
    /// Takes a query, in which `{state}` stands once, or a whole URL with such a query.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_url = ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
        let query = match text.split_once('?') {
            Some((_, query)) if is_url => query.split('#').next().unwrap_or_default(),
            _ => text.trim_start_matches('?'),
        };
        let plain = query.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
        (plain && query.matches("{state}").count() == 1).then(|| Self(query.to_owned()))
    }

    /// The query that answers a request with this state.
    pub(super) fn query(&self, state: &str) -> String {
        self.0.replace("{state}", &url::form_urlencoded::byte_serialize(state.as_bytes()).collect::<String>())
    }

    /// Its parameters' names.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        url::form_urlencoded::parse(self.0.as_bytes()).map(|(name, _)| name.into_owned()).collect()
    }

    /// Whether a value is that of one of its parameters.
    pub(super) fn holds(&self, value: &str) -> bool {
        url::form_urlencoded::parse(self.0.as_bytes()).any(|(_, known)| known == value)
    }
}

impl std::fmt::Debug for Callback {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_tuple("Callback").field(&self.names()).finish()
    }
}

/// The bytes of a file; none where it is not there.
fn bytes(path: &Path) -> Result<Option<Vec<u8>>, RecordingError> {
    let read = match fs::metadata(path) {
        Ok(metadata) if metadata.len() > LONGEST => Err(io::Error::other("it is longer than 1 MiB")),
        Ok(_) => fs::read(path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    read.map_err(|error| RecordingError::Unreadable { path: path.to_owned(), error })
}

fn reply(path: &Path) -> Result<Option<RecordedReply>, RecordingError> {
    let Some(bytes) = bytes(path)? else { return Ok(None) };
    let invalid = |error| RecordingError::Reply { path: path.to_owned(), error };
    RecordedReply::parse(&bytes).map(Some).map_err(invalid)
}

/// `NAME.http`, then `NAME-2.http` and so on.
fn numbered(folder: &Path, name: &str) -> Result<Vec<RecordedReply>, RecordingError> {
    let mut replies: Vec<_> = reply(&folder.join(format!("{name}.http")))?.into_iter().collect();
    while !replies.is_empty() && replies.len() < MOST_REPLIES {
        match reply(&folder.join(format!("{name}-{}.http", replies.len() + 1)))? {
            Some(next) => replies.push(next),
            None => break,
        }
    }
    Ok(replies)
}

fn callback(path: PathBuf) -> Result<Option<Callback>, RecordingError> {
    let Some(bytes) = bytes(&path)? else { return Ok(None) };
    let query = Callback::new(&String::from_utf8_lossy(&bytes));
    query.map(Some).ok_or(RecordingError::Callback { path })
}

fn demands(path: PathBuf) -> Result<Demands, RecordingError> {
    let Some(bytes) = bytes(&path)? else { return Ok(Demands::default()) };
    Demands::parse(&String::from_utf8_lossy(&bytes))
        .map_err(|message| RecordingError::Demands { path, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_read_and_what_is_not_there_is_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let empty = Recording::read(folder.path()).unwrap();
        assert!(empty.callback.is_none() && empty.tokens.is_empty());
        write("callback.txt", "code=canary&state={state}&realmId=4\n");
        write("token.http", "HTTP/1.1 200 OK\n\n{}");
        write("token-2.http", "HTTP/1.1 201 Created\n\n{}");
        let recording = Recording::read(folder.path()).unwrap();
        assert_eq!(recording.tokens.iter().map(RecordedReply::status).collect::<Vec<_>>(), [200, 201]);
        assert_eq!(recording.callback.as_ref().unwrap().names(), ["code", "state", "realmId"]);
        assert_eq!(recording.callback.as_ref().unwrap().query("a&b"), "code=canary&state=a%26b&realmId=4");
        assert!(!format!("{recording:?}").contains("canary"));
        write("error.http", "HTTP/1.1 400 Bad Request\n\n{}");
        write("error-2.http", "HTTP/1.1 401 Unauthorized\n\n{}");
        write("error-4.http", "HTTP/1.1 403 Forbidden\n\n{}");
        let errors = Recording::read(folder.path()).unwrap().errors;
        assert_eq!(errors.iter().map(RecordedReply::status).collect::<Vec<_>>(), [400, 401]);
        write("callback.txt", "http://127.0.0.1:7667/oauth/callback/acme?code=a&state={state}#_=_\n");
        assert_eq!(Recording::read(folder.path()).unwrap().callback.unwrap().query("s"), "code=a&state=s");
        write("error.http", "no reply");
        assert!(matches!(Recording::read(folder.path()), Err(RecordingError::Reply { .. })));
        write("error.http", "HTTP/1.1 400 Bad Request\n\n{}");
        write("callback.txt", "code=canary");
        assert!(matches!(Recording::read(folder.path()), Err(RecordingError::Callback { .. })));
        assert!(Recording::read(&folder.path().join("nowhere")).is_err());
    }
}
