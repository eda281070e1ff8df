//! What is to be known of every connection to say which is due, without opening its tokens.

use jiff::Timestamp;
use keyferry_core::{
    id::{ConnectionId, ProviderName},
    refresh::{ConnectionState, Failure},
};

use rusqlite::Connection as Database;

use super::{
    super::{
        Vault, VaultError,
        row::{optional_moment, parsed, read_moment},
        turn,
    },
    row,
};

/// A connection without its tokens.
#[derive(Debug, Clone)]
pub struct Outline {
    /// Its id.
    pub id: ConnectionId,
    /// The provider.
    pub provider: ProviderName,
    /// Where it stands.
    pub state: ConnectionState,
    /// When its access token came.
    pub received_at: Timestamp,
    /// When that ends.
    pub expires_at: Option<Timestamp>,
    /// Whether it has a refresh token.
    pub has_refresh_token: bool,
    /// The last attempt, where it failed.
    pub failure: Option<Failure>,
}

const ALL: &str = "SELECT id, provider, state, created_at, refreshed_at, expires_at, refresh_token IS NOT NULL AS has_refresh_token,
    failed_at, failure_class, failures, retry_after FROM connections";

impl Vault {
    /// One connection.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn outline(&self, id: &ConnectionId) -> Result<Option<Outline>, VaultError> {
        let id = id.clone();
        self.run(move |database, _| one(database, &id)).await
    }

    /// One connection, and whether its journal says that a spending was cut off. One way to the disk, for it is asked after each refresh.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn outlook(&self, id: &ConnectionId) -> Result<Option<(Outline, bool)>, VaultError> {
        let id = id.clone();
        self.on_thread(move |inner| {
            let outline = one(&inner.database(), &id)?;
            outline.map(|outline| Ok((outline, turn::is_interrupted(&inner.folder, &id)?))).transpose()
        })
        .await
    }

    /// Hands every connection that can be read to `each`, one after the other: there may be very many.
    ///
    /// # Errors
    /// [`VaultError`] when the table can't be read.
    pub async fn outlines<T: Send + Default + 'static>(
        &self,
        mut each: impl FnMut(&mut T, Outline) + Send + 'static,
    ) -> Result<T, VaultError> {
        self.run(move |database, _| {
            let mut statement = database.prepare_cached(ALL)?;
            let mut rows = statement.query([])?;
            let mut all = T::default();
            while let Some(row) = rows.next()? {
                match read(row) {
                    Ok(outline) => each(&mut all, outline),
                    Err(error) => tracing::error!(%error, "a connection can't be read"),
                }
            }
            Ok(all)
        })
        .await
    }
}

fn one(database: &Database, id: &ConnectionId) -> Result<Option<Outline>, VaultError> {
    let mut statement = database.prepare_cached(&format!("{ALL} WHERE id = ?1"))?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(read).transpose()
}

fn read(row: &rusqlite::Row<'_>) -> Result<Outline, VaultError> {
    Ok(Outline {
        id: parsed(row, "id")?,
        provider: parsed(row, "provider")?,
        state: row::state(row)?,
        received_at: optional_moment(row, "refreshed_at")?
            .map_or_else(|| read_moment(row, "created_at"), Ok)?,
        expires_at: optional_moment(row, "expires_at")?,
        has_refresh_token: row.get("has_refresh_token")?,
        failure: row::failure(row)?,
    })
}
