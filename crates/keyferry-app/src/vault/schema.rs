//! The database file: whose it is, how it is made and opened, how it is brought up to date.

use std::{io, path::Path, sync::LazyLock, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};
use rusqlite_migration::{M, Migrations, MigrationsBuilder, SchemaVersion};

use super::{
    VaultError, private_file,
    seal::Sealer,
    vault_row::{self, Head},
};

/// `application_id` of the database: «KFRY». It tells our file from any other SQLite file.
const APPLICATION_ID: i32 = 0x4b46_5259;

/// How long a statement waits for another process, such as a backup that reads the file.
const BUSY: Duration = Duration::from_secs(5);

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    MigrationsBuilder::from_iter([
        M::up(include_str!("../../migrations/01-initial/up.sql")),
        M::up(include_str!("../../migrations/02-tried-at/up.sql")),
        M::up(include_str!("../../migrations/03-facts/up.sql")),
        M::up(include_str!("../../migrations/04-redirect-uri/up.sql")),
        M::up(include_str!("../../migrations/05-refresh/up.sql")),
        M::up(include_str!("../../migrations/06-key/up.sql")),
        M::up(include_str!("../../migrations/07-runtime/up.sql")),
        M::up(include_str!("../../migrations/08-kind/up.sql")),
    ])
    .finalize()
});

/// Opens a database that is there, and reads what it tells without its key. One that is not ours, newer or damaged is left as it is.
pub(super) fn open(path: &Path) -> Result<(Connection, Head), VaultError> {
    private_file::check(path).map_err(|error| VaultError::file(path, error))?;
    let database = connect(path).map_err(|error| foreign(path, error))?;
    identify(&database, path)?;
    check_whole(&database, path)?;
    let head = vault_row::head(&database)?;
    Ok((database, head))
}

/// Brings a database up to date. Only one whose key was proven: whatever happens to another must not be our doing.
pub(super) fn update(database: &mut Connection) -> Result<(), VaultError> {
    database.pragma_update(None, "journal_mode", "WAL")?;
    Ok(MIGRATIONS.to_latest(database)?)
}

/// Makes the file whole beside its place, so that an empty or half-made file there is never ours: it is a lost vault, and not a new one.
pub(super) fn make(path: &Path, place: super::KeyPlace, sealer: &Sealer) -> Result<(), VaultError> {
    let mut failed = None;
    let built = private_file::build(path, |temporary, _| {
        fill(temporary, place, sealer).map_err(|error| {
            failed = Some(error);
            io::Error::other("the database could not be made")
        })
    });
    built.map_err(|error| failed.unwrap_or_else(|| VaultError::file(path, error)))
}

fn fill(path: &Path, place: super::KeyPlace, sealer: &Sealer) -> Result<(), VaultError> {
    let mut database = connect(path)?;
    database.pragma_update(None, "application_id", APPLICATION_ID)?;
    MIGRATIONS.to_latest(&mut database)?;
    vault_row::insert(&database, place, sealer)?;
    database.close().map_err(|(_, error)| error.into())
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags)?;
    database.busy_timeout(BUSY)?;
    // FULL: a token that the provider rotated must be on the disk before anything uses it.
    database.pragma_update(None, "synchronous", "FULL")?;
    database.pragma_update(None, "foreign_keys", true)?;
    // What is deleted is overwritten: a revoked grant leaves not even its ciphertext.
    database.pragma_update(None, "secure_delete", true)?;
    Ok(database)
}

/// Tells a file that is no database, and one that is damaged, from one that can't be read.
fn foreign(path: &Path, error: rusqlite::Error) -> VaultError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => VaultError::Foreign(path.to_owned()),
        Some(ErrorCode::DatabaseCorrupt) => VaultError::Torn(path.to_owned()),
        _ => error.into(),
    }
}

/// Refuses a file that is not ours, or newer than this program, before anything is written to it.
fn identify(database: &Connection, path: &Path) -> Result<(), VaultError> {
    let id = database.pragma_query_value(None, "application_id", |row| row.get(0));
    match id {
        Ok(APPLICATION_ID) => {}
        Ok(_) => return Err(VaultError::Foreign(path.to_owned())),
        Err(error) => return Err(foreign(path, error)),
    }
    match MIGRATIONS.current_version(database)? {
        SchemaVersion::Inside(_) => Ok(()),
        SchemaVersion::Outside(_) => Err(VaultError::Newer(path.to_owned())),
        SchemaVersion::NoneSet => Err(VaultError::Foreign(path.to_owned())),
    }
}

/// Refuses a file that is damaged anywhere, before a write makes it worse. The file is small: this takes a moment.
fn check_whole(database: &Connection, path: &Path) -> Result<(), VaultError> {
    let told: Result<Option<String>, _> =
        database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).optional();
    match told {
        Ok(told) if told.as_deref() == Some("ok") => Ok(()),
        Ok(_) => Err(VaultError::Torn(path.to_owned())),
        Err(error) => Err(foreign(path, error)),
    }
}
