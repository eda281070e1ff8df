//! The database file: whose it is, how it is made and opened, how it is brought up to date.

use std::{io, path::Path, sync::LazyLock, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _};
use rusqlite_migration::{M, Migrations, MigrationsBuilder, SchemaVersion};

use super::{
    VaultError,
    key::KEY,
    private_file,
    seal::{Place, Sealer},
};

/// `application_id` of the database: «KFRY». It tells our file from any other SQLite file.
const APPLICATION_ID: i32 = 0x4b46_5259;

/// How long a statement waits for another process, such as a backup that reads the file.
const BUSY: Duration = Duration::from_secs(5);

/// Where the value stands that only the vault's own key opens.
const PROOF: Place<'_> = Place { table: "vault", row: "1", column: "proof", generation: 0 };

static MIGRATIONS: LazyLock<Migrations<'static>> = LazyLock::new(|| {
    MigrationsBuilder::from_iter([
        M::up(include_str!("../../migrations/01-initial/up.sql")),
        M::up(include_str!("../../migrations/02-tried-at/up.sql")),
        M::up(include_str!("../../migrations/03-facts/up.sql")),
        M::up(include_str!("../../migrations/04-redirect-uri/up.sql")),
        M::up(include_str!("../../migrations/05-refresh/up.sql")),
    ])
    .finalize()
});

/// Opens the database, or makes it where there is none. One that is not ours, or of another key, is left as it is.
pub(super) fn open(path: &Path, sealer: &Sealer) -> Result<Connection, VaultError> {
    match private_file::check(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => make(path, sealer)?,
        checked => checked.map_err(|error| VaultError::file(path, error))?,
    }
    let mut database = connect(path).map_err(|error| foreign(path, error))?;
    identify(&database, path)?;
    prove(&database, path, sealer)?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    MIGRATIONS.to_latest(&mut database)?;
    Ok(database)
}

/// Makes the file whole beside its place, so that an empty or half-made file there is never ours: it is a lost vault, and not a new one.
fn make(path: &Path, sealer: &Sealer) -> Result<(), VaultError> {
    let proof = sealer.seal(PROOF, "")?;
    let mut failed = None;
    let built = private_file::build(path, |temporary, _| {
        fill(temporary, &proof).map_err(|error| {
            failed = Some(error);
            io::Error::other("the database could not be made")
        })
    });
    built.map_err(|error| failed.unwrap_or_else(|| VaultError::file(path, error)))
}

fn fill(path: &Path, proof: &[u8]) -> Result<(), VaultError> {
    let mut database = connect(path)?;
    database.pragma_update(None, "application_id", APPLICATION_ID)?;
    MIGRATIONS.to_latest(&mut database)?;
    database.execute("INSERT INTO vault (one, proof) VALUES (1, ?1)", [proof])?;
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

/// Tells a file that is no database from one that can't be read.
fn foreign(path: &Path, error: rusqlite::Error) -> VaultError {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => VaultError::Foreign(path.to_owned()),
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

/// Refuses a key that is not this vault's. What it would seal, the right key could not open later.
fn prove(database: &Connection, path: &Path, sealer: &Sealer) -> Result<(), VaultError> {
    let proof: Option<Vec<u8>> =
        database.query_row("SELECT proof FROM vault", [], |row| row.get(0)).optional()?;
    let proof = proof.ok_or_else(|| VaultError::Damaged(PROOF.table.to_owned()))?;
    sealer
        .open(PROOF, &proof)
        .map(drop)
        .map_err(|_| VaultError::OtherKey { database: path.to_owned(), key: path.with_file_name(KEY) })
}
