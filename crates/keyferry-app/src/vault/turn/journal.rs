//! The journal of a spending: what is about to be sent, and room for what comes back.
//!
//! Both are on the disk before the refresh token goes out, so that neither a crash nor a full disk loses what the provider gives for it:
//! the vault's database takes the reply; where it can't, the room here does. Half-written parts don't open, and count as not written.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    sync::Arc,
};

use jiff::Timestamp;
use keyferry_core::{
    fact::Facts,
    flow::Tokens,
    idempotency_key::IdempotencyKey,
    refresh::Fingerprint,
    scope::Scopes,
    secret::{AccessToken, IdToken, RefreshToken, SecretText},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    super::{VaultError, seal::Place},
    Turn,
};
use crate::failpoint::failpoint;

/// Where the reply begins: behind the attempt, which is far shorter.
const REPLY_AT: u64 = 1024;

/// The least room for a reply, in bytes. Most tokens are below 2 KiB.
const LEAST_ROOM: usize = 16 * 1024;

/// The most that is read back, in bytes: three tokens of their longest, facts, and what JSON and sealing add.
const LONGEST: u64 = 512 * 1024;

/// A refresh token that is being spent.
#[derive(Debug)]
pub struct Attempt {
    /// The generation of the connection that it was taken from.
    pub generation: u64,
    /// The refresh token that the vault had then: a journal of another one tells nothing any more.
    pub current: Option<Fingerprint>,
    /// Whether not that one is sent but the one before it.
    pub of_previous: bool,
    /// The key under which the proxy keeps the reply.
    pub key: IdempotencyKey,
    /// When it was first sent.
    pub at: Timestamp,
}

/// What a journal says.
#[derive(Debug)]
pub struct Journal {
    /// What was about to be sent.
    pub attempt: Attempt,
    /// What came back, where the vault could not take it, and when.
    pub reply: Option<(Tokens, Timestamp)>,
}

impl Turn {
    /// What the journal says; nothing where the last spending came to its end, or never began.
    ///
    /// # Errors
    /// [`VaultError::File`].
    pub async fn journal(&self) -> Result<Option<Journal>, VaultError> {
        self.on_thread(|turn, file| {
            let mut text = Zeroizing::new(Vec::new());
            file.seek(SeekFrom::Start(0))?;
            file.take(LONGEST).read_to_end(&mut text)?;
            let part = |at: u64, column, generation| {
                let from = text.get(usize::try_from(at).ok()?..)?;
                let (length, rest) = from.split_first_chunk::<4>()?;
                let sealed = rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
                turn.vault.sealer.open(turn.place(column, generation), sealed).ok()
            };
            let Some(attempt) = part(0, "attempt", 0).and_then(|text| KeptAttempt::read(&text)) else {
                return Ok(None);
            };
            let reply = part(REPLY_AT, "reply", attempt.generation).and_then(|text| KeptTokens::read(&text));
            Ok(Some(Journal { attempt, reply }))
        })
        .await
    }

    /// Writes down what is about to be sent, with room for a reply that is a good deal longer than the tokens of now. Durable when this
    /// returns; where it fails, nothing may be sent.
    ///
    /// # Errors
    /// [`VaultError::File`].
    pub async fn reserve(&self, attempt: &Attempt, now: &Tokens) -> Result<(), VaultError> {
        let text = KeptAttempt::text(attempt);
        let room = LEAST_ROOM.max(KeptTokens::text(now, attempt.at).len() * 2);
        self.on_thread(move |turn, file| {
            let sealed = turn.seal("attempt", 0, &text)?;
            let mut bytes = with_length(&sealed)?;
            bytes.resize(usize::try_from(REPLY_AT).map_err(io::Error::other)? + room, 0);
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&bytes)?;
            file.set_len(bytes.len() as u64)?;
            file.sync_all()
        })
        .await?;
        failpoint("K2");
        Ok(())
    }

    /// Writes a reply into the room that was reserved for it. Durable when this returns.
    ///
    /// # Errors
    /// [`VaultError::File`].
    pub async fn keep_reply(
        &self,
        generation: u64,
        tokens: &Tokens,
        received_at: Timestamp,
    ) -> Result<(), VaultError> {
        let text = KeptTokens::text(tokens, received_at);
        self.on_thread(move |turn, file| {
            let bytes = with_length(&turn.seal("reply", generation, &text)?)?;
            file.seek(SeekFrom::Start(REPLY_AT))?;
            file.write_all(&bytes)?;
            file.sync_all()
        })
        .await
    }

    /// Empties the journal. That it is done late or not at all does no harm: it names the generation that it belongs to.
    pub async fn clear(&self) {
        let cleared = self.on_thread(|_, file| file.set_len(0)).await;
        if let Err(error) = cleared {
            tracing::warn!(connection = %self.id, %error, "a connection's journal could not be emptied");
        }
    }

    fn place(&self, column: &'static str, generation: u64) -> Place<'_> {
        Place { table: "journal", row: self.id.as_str(), column, generation }
    }

    fn seal(&self, column: &'static str, generation: u64, text: &str) -> io::Result<Vec<u8>> {
        self.vault.sealer.seal(self.place(column, generation), text).map_err(io::Error::other)
    }

    /// Works on the file on a thread that may wait for the disk. Who gives up waiting does not cut it off.
    async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self, &mut &File) -> io::Result<T> + Send + 'static,
    ) -> Result<T, VaultError> {
        let turn = Self {
            id: self.id.clone(),
            path: self.path.clone(),
            file: Arc::clone(&self.file),
            vault: Arc::clone(&self.vault),
        };
        let done = tokio::task::spawn_blocking(move || work(&turn, &mut &*turn.file));
        let done = done.await.map_err(|_| VaultError::Interrupted)?;
        done.map_err(|error| VaultError::file(&self.path, error))
    }
}

fn with_length(sealed: &[u8]) -> io::Result<Vec<u8>> {
    let length = u32::try_from(sealed.len()).map_err(io::Error::other)?;
    Ok([length.to_le_bytes().as_slice(), sealed].concat())
}

/// An attempt as it is sealed.
#[derive(Serialize, Deserialize)]
struct KeptAttempt {
    generation: u64,
    current: Option<[u8; 32]>,
    of_previous: bool,
    key: String,
    at: Timestamp,
}

impl KeptAttempt {
    fn text(attempt: &Attempt) -> Zeroizing<String> {
        let kept = Self {
            generation: attempt.generation,
            current: attempt.current.map(|current| *current.as_bytes()),
            of_previous: attempt.of_previous,
            key: attempt.key.expose_secret().to_owned(),
            at: attempt.at,
        };
        // Numbers and texts are always JSON.
        Zeroizing::new(serde_json::to_string(&kept).unwrap_or_default())
    }

    fn read(text: &str) -> Option<Attempt> {
        let Self { generation, current, of_previous, key, at } = serde_json::from_str(text).ok()?;
        let (current, key) = (current.map(Fingerprint::from_bytes), IdempotencyKey::new(key).ok()?);
        Some(Attempt { generation, current, of_previous, key, at })
    }
}

/// Tokens as they are sealed.
#[derive(Serialize, Deserialize)]
struct KeptTokens {
    access_token: String,
    refresh_token: Option<String>,
    id_token: Option<String>,
    scopes: String,
    expires_at: Option<Timestamp>,
    metadata: std::collections::BTreeMap<keyferry_core::id::FactName, String>,
    received_at: Timestamp,
}

impl KeptTokens {
    fn text(tokens: &Tokens, received_at: Timestamp) -> Zeroizing<String> {
        let kept = Self {
            access_token: tokens.access_token.expose_secret().to_owned(),
            refresh_token: tokens.refresh_token.as_ref().map(|token| token.expose_secret().to_owned()),
            id_token: tokens.id_token.as_ref().map(|token| token.expose_secret().to_owned()),
            scopes: tokens.scopes.to_string(),
            expires_at: tokens.expires_at,
            metadata: tokens
                .metadata
                .iter()
                .map(|(name, text)| (name.clone(), text.expose_secret().to_owned()))
                .collect(),
            received_at,
        };
        Zeroizing::new(serde_json::to_string(&kept).unwrap_or_default())
    }

    fn read(text: &str) -> Option<(Tokens, Timestamp)> {
        let kept: Self = serde_json::from_str(text).ok()?;
        let metadata: Facts = kept
            .metadata
            .into_iter()
            .filter_map(|(name, text)| Some((name, SecretText::new(text).ok()?)))
            .collect();
        let tokens = Tokens {
            access_token: AccessToken::new(kept.access_token).ok()?,
            refresh_token: kept.refresh_token.map(RefreshToken::new).transpose().ok()?,
            id_token: kept.id_token.map(IdToken::new).transpose().ok()?,
            scopes: Scopes::from_reply(&kept.scopes),
            expires_at: kept.expires_at,
            metadata,
        };
        Some((tokens, kept.received_at))
    }
}
