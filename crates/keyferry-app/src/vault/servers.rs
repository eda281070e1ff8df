//! Installed servers as they are kept.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::Timestamp;
use keyferry_core::id::{ConnectionId, ServerName};
use rusqlite::{Row, ffi::SQLITE_CONSTRAINT_FOREIGNKEY, named_params};
use serde_json::Value;

use super::{
    Vault, VaultError,
    row::{moment, parsed, read_generation, read_moment},
    seal::{Place, Sealer},
};
use crate::{
    events::Change,
    runtime::{Network, RuntimeKind},
};

/// One installed server.
#[derive(Clone)]
pub struct ServerRecord {
    /// Its name.
    pub name: ServerName,
    /// The manifest's text, as it was when it was installed.
    pub manifest: String,
    /// The folder that the manifest lay in; none for a built-in one.
    pub folder: Option<PathBuf>,
    /// What the person gave. Sealed as a whole, for some of it is sensitive.
    pub settings: BTreeMap<String, Value>,
    /// The connection that it uses.
    pub connection: Option<ConnectionId>,
    /// What runs it.
    pub runtime: RuntimeKind,
    /// What of the network it reaches, in a container.
    pub network: Network,
    /// Whether it should run.
    pub wanted: bool,
    /// When it was installed.
    pub installed_at: Timestamp,
}

/// What of an installed server can be told without the key: also of one whose settings are damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerHead {
    /// Its name.
    pub name: ServerName,
    /// The connection that it uses.
    pub connection: Option<ConnectionId>,
}

/// Settings may be secrets.
impl std::fmt::Debug for ServerRecord {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("ServerRecord")
            .field("name", &self.name)
            .field("wanted", &self.wanted)
            .finish_non_exhaustive()
    }
}

impl Vault {
    /// All servers, oldest first. One whose row is damaged is reported beside the others, and hides none of them.
    ///
    /// # Errors
    /// [`VaultError`] when the table itself can't be read.
    pub async fn servers(&self) -> Result<Vec<Result<ServerRecord, VaultError>>, VaultError> {
        self.run(|database, sealer| {
            let mut statement =
                database.prepare_cached("SELECT * FROM servers ORDER BY installed_at, name")?;
            let mut rows = statement.query([])?;
            let mut servers = Vec::new();
            while let Some(row) = rows.next()? {
                servers.push(read(row, sealer));
            }
            Ok(servers)
        })
        .await
    }

    /// The heads of all servers, by name.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn server_heads(&self) -> Result<Vec<ServerHead>, VaultError> {
        self.run(|database, _| {
            let mut statement =
                database.prepare_cached("SELECT name, connection FROM servers ORDER BY name")?;
            let mut rows = statement.query([])?;
            let mut heads = Vec::new();
            while let Some(row) = rows.next()? {
                let name = parsed(row, "name")?;
                heads.push(ServerHead { connection: read_connection(row, &name)?, name });
            }
            Ok(heads)
        })
        .await
    }

    /// One server.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn server(&self, name: &ServerName) -> Result<Option<ServerRecord>, VaultError> {
        let name = name.clone();
        self.run(move |database, sealer| {
            let mut statement = database.prepare_cached("SELECT * FROM servers WHERE name = ?1")?;
            let mut rows = statement.query([name.as_str()])?;
            rows.next()?.map(|row| read(row, sealer)).transpose()
        })
        .await
    }

    /// Keeps a server, durably. One of the same name is replaced.
    ///
    /// # Errors
    /// [`VaultError::Changed`] when its connection has gone meanwhile.
    pub async fn save_server(&self, server: &ServerRecord) -> Result<(), VaultError> {
        let server = server.clone();
        self.run_and_tell(Change::Server(server.name.clone()), move |database, sealer| {
            let settings = serde_json::to_string(&server.settings).map_err(|_| VaultError::Damaged("settings".to_owned()))?;
            let generation = sealer.draw_generation();
            let sealed = sealer.seal(place(server.name.as_str(), generation), &settings)?;
            let saved = database.execute(
                "INSERT OR REPLACE INTO servers (name, manifest, folder, settings, generation, connection, runtime, network, wanted, installed_at)
                 VALUES (:name, :manifest, :folder, :settings, :generation, :connection, :runtime, :network, :wanted, :installed_at)",
                named_params! {
                    ":name": server.name.as_str(),
                    ":manifest": server.manifest,
                    ":folder": server.folder.as_ref().map(|folder| folder.to_string_lossy().into_owned()),
                    ":settings": sealed,
                    ":generation": generation.cast_signed(),
                    ":connection": server.connection.as_ref().map(ConnectionId::as_str),
                    ":runtime": server.runtime.as_str(),
                    ":network": server.network.as_str(),
                    ":wanted": server.wanted,
                    ":installed_at": moment(server.installed_at),
                },
            );
            match saved {
                Err(rusqlite::Error::SqliteFailure(error, _)) if error.extended_code == SQLITE_CONSTRAINT_FOREIGNKEY => {
                    Err(VaultError::Changed)
                }
                saved => Ok(saved.map(drop)?),
            }
        })
        .await
    }

    /// Says whether a server should run.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn set_server_wanted(&self, name: &ServerName, wanted: bool) -> Result<(), VaultError> {
        let name = name.clone();
        self.run_and_tell(Change::Server(name.clone()), move |database, _| {
            database.execute("UPDATE servers SET wanted = ?2 WHERE name = ?1", (name.as_str(), wanted))?;
            Ok(())
        })
        .await
    }

    /// Forgets a server. Says whether it was there.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn remove_server(&self, name: &ServerName) -> Result<bool, VaultError> {
        let name = name.clone();
        self.run_and_tell(Change::Server(name.clone()), move |database, _| {
            Ok(database.execute("DELETE FROM servers WHERE name = ?1", [name.as_str()])? > 0)
        })
        .await
    }

    /// The servers that use a connection, by name.
    ///
    /// # Errors
    /// [`VaultError`].
    pub async fn servers_of(&self, connection: &ConnectionId) -> Result<Vec<ServerName>, VaultError> {
        let connection = connection.clone();
        self.run(move |database, _| {
            let mut statement =
                database.prepare_cached("SELECT name FROM servers WHERE connection = ?1 ORDER BY name")?;
            let mut rows = statement.query([connection.as_str()])?;
            let mut names = Vec::new();
            while let Some(row) = rows.next()? {
                names.push(parsed(row, "name")?);
            }
            Ok(names)
        })
        .await
    }
}

fn place(name: &str, generation: u64) -> Place<'_> {
    Place { table: "servers", row: name, column: "settings", generation }
}

fn read_connection(row: &Row<'_>, name: &ServerName) -> Result<Option<ConnectionId>, VaultError> {
    let connection: Option<String> = row.get("connection")?;
    connection.map(|id| id.parse()).transpose().map_err(|_| VaultError::Damaged(format!("servers {name}")))
}

fn read(row: &Row<'_>, sealer: &Sealer) -> Result<ServerRecord, VaultError> {
    let name: ServerName = parsed(row, "name")?;
    let sealed: Vec<u8> = row.get("settings")?;
    let settings = sealer.open(place(name.as_str(), read_generation(row)?), &sealed)?;
    Ok(ServerRecord {
        manifest: row.get("manifest")?,
        folder: row.get::<_, Option<String>>("folder")?.map(PathBuf::from),
        settings: serde_json::from_str(&settings)
            .map_err(|_| VaultError::Damaged(format!("servers {name}")))?,
        connection: read_connection(row, &name)?,
        runtime: parsed(row, "runtime")?,
        network: parsed(row, "network")?,
        wanted: row.get("wanted")?,
        installed_at: read_moment(row, "installed_at")?,
        name,
    })
}
