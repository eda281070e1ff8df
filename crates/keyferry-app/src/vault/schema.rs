//! The database file: whose it is, how it is opened, how it is brought up to date.

use std::{path::Path, sync::LazyLock, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags};
use rusqlite_migration::{M, Migrations, MigrationsBuilder, SchemaVersion};

use super::{VaultError, private_file};

/// `application_id` of the database: «KFRY». It tells our file from any other SQLite file.
const APPLICATION_ID: i32 = 0x4b46_5259;

/// How long a statement waits for another process, such as a backup that reads the file.
const BUSY: Duration = Duration::from_secs(5);

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    MigrationsBuilder::from_iter([M::up(include_str!("../../migrations/01-initial/up.sql"))]).finalize()
});

/// Opens the database, or makes it with only its owner's permissions.
pub(super) fn open(path: &Path) -> Result<Connection, VaultError> {
    let new = !path.exists();
    if new {
        private_file::write(path, b"")
            .map_err(|error| VaultError::Key { path: path.to_owned(), reason: error.to_string() })?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    identify(&database, path, new)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    // FULL: a token that the provider rotated must be on the disk before anything uses it.
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    database.pragma_update(None, "secure_delete", true)?;
    match MIGRATIONS.current_version(&database)? {
        SchemaVersion::Outside(_) => return Err(VaultError::Newer(path.to_owned())),
        SchemaVersion::NoneSet | SchemaVersion::Inside(_) => MIGRATIONS.to_latest(&mut database)?,
    }
    Ok(database)
}

/// Refuses a file that is not ours before anything is written to it.
fn identify(database: &Connection, path: &Path, new: bool) -> Result<(), VaultError> {
    let id: Result<i32, _> = database.pragma_query_value(None, "application_id", |row| row.get(0));
    let tables: Result<i64, _> =
        database.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0));
    match (id, tables) {
        (Err(error), _) | (_, Err(error)) if error.sqlite_error_code() == Some(ErrorCode::NotADatabase) => {
            Err(VaultError::Foreign(path.to_owned()))
        }
        (Err(error), _) | (_, Err(error)) => Err(error.into()),
        (Ok(APPLICATION_ID), _) => Ok(()),
        (Ok(0), Ok(0)) if new || is_empty(path) => {
            Ok(database.pragma_update(None, "application_id", APPLICATION_ID)?)
        }
        _ => Err(VaultError::Foreign(path.to_owned())),
    }
}

/// A crash between making the file and its first statement leaves it empty: that is still a new one.
fn is_empty(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.len() == 0)
}
