//! The table of all that is sealed, and its re-sealing under another key.

use rusqlite::{Connection, params};

use super::{
    VaultError,
    keys::KeyId,
    seal::{Place, Sealer},
};

/// A column whose values are sealed.
pub(super) struct SealedColumn {
    table: &'static str,
    column: &'static str,
    /// The column with the row's name in what seals it.
    row: &'static str,
    /// The column with the row's generation; none where it is always 0.
    generation: Option<&'static str>,
}

/// Every sealed column but those of the key itself (`vault.proof`, `vault.retired`), which change with it. A migration that adds one adds
/// it here; a test fails otherwise, for a rotation would leave it behind.
pub(super) const SEALED: &[SealedColumn] = &[
    SealedColumn { table: "vault", column: "root", row: "one", generation: None },
    SealedColumn { table: "connections", column: "access_token", row: "id", generation: Some("generation") },
    SealedColumn { table: "connections", column: "refresh_token", row: "id", generation: Some("generation") },
    SealedColumn { table: "connections", column: "id_token", row: "id", generation: Some("generation") },
    SealedColumn { table: "connections", column: "facts", row: "id", generation: Some("generation") },
    SealedColumn {
        table: "connections",
        column: "previous_refresh_token",
        row: "id",
        generation: Some("generation"),
    },
    SealedColumn { table: "audit_head", column: "hash", row: "one", generation: Some("number") },
    SealedColumn { table: "servers", column: "settings", row: "name", generation: Some("generation") },
];

/// How many values one transaction re-seals.
const BATCH: u32 = 100;

/// What became of a batch.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Values under the new key.
    pub(super) resealed: u64,
    /// Values that say the old key sealed them, and that it does not open.
    pub(super) stuck: Vec<String>,
    /// The last row that was looked at; none when there are no more.
    pub(super) last: Option<i64>,
}

impl SealedColumn {
    /// How many values a key has sealed in this column.
    pub(super) fn count(&self, database: &Connection, key: KeyId) -> Result<u64, VaultError> {
        let Self { table, column, .. } = self;
        let query = format!("SELECT count(*) FROM {table} WHERE substr({column}, 2, 4) = ?1");
        let count: i64 = database.query_row(&query, [key.0.as_slice()], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// How many values there are in this column.
    pub(super) fn count_all(&self, database: &Connection) -> Result<u64, VaultError> {
        let Self { table, column, .. } = self;
        let count: i64 =
            database.query_row(&format!("SELECT count({column}) FROM {table}"), [], |row| row.get(0))?;
        Ok(count.cast_unsigned())
    }

    /// Re-seals the next values of an old key, from the row after `after`, in one transaction.
    pub(super) fn reseal(
        &self,
        database: &mut Connection,
        sealer: &Sealer,
        old: KeyId,
        after: i64,
    ) -> Result<Batch, VaultError> {
        let Self { table, column, row, generation } = self;
        let generation = generation.unwrap_or("0");
        let transaction = database.transaction()?;
        let mut batch = Batch::default();
        {
            let mut found = transaction.prepare_cached(&format!(
                "SELECT rowid, CAST({row} AS TEXT), {generation}, {column} FROM {table}
                 WHERE rowid > ?1 AND substr({column}, 2, 4) = ?2 ORDER BY rowid LIMIT {BATCH}"
            ))?;
            let mut update =
                transaction.prepare_cached(&format!("UPDATE {table} SET {column} = ?1 WHERE rowid = ?2"))?;
            let mut rows = found.query(params![after, old.0.as_slice()])?;
            while let Some(next) = rows.next()? {
                let (number, name, generation, sealed): (i64, String, i64, Vec<u8>) =
                    (next.get(0)?, next.get(1)?, next.get(2)?, next.get(3)?);
                let place = Place { table, row: &name, column, generation: generation.cast_unsigned() };
                match sealer.open(place, &sealed) {
                    Ok(secret) => {
                        update.execute(params![sealer.seal(place, &secret)?, number])?;
                        batch.resealed += 1;
                    }
                    Err(error) => batch.stuck.push(error.to_string()),
                }
                batch.last = Some(number);
            }
        }
        transaction.commit()?;
        Ok(batch)
    }
}

#[cfg(test)]
impl SealedColumn {
    pub(super) fn name(&self) -> (String, String) {
        (self.table.to_owned(), self.column.to_owned())
    }
}
