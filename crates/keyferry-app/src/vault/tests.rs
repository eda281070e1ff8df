mod faults;

use std::fs;

use jiff::Timestamp;
use keyferry_core::{
    fact::Facts,
    flow::Tokens,
    id::ConnectionId,
    idempotency_key::IdempotencyKey,
    refresh::Fingerprint,
    scope::Scopes,
    secret::{AccessToken, RefreshToken, SecretText},
};
use tempfile::TempDir;

use super::*;
use crate::runtime::{Network, RuntimeKind};

pub(super) const CANARY: &str = "canary-access-token";

pub(super) fn open(folder: &TempDir) -> Result<Vault, VaultError> {
    Vault::open_at(folder.path(), &KeyAccess::to_files(), &Entropy::system())
}

fn facts(name: &str, text: &str) -> Facts {
    [(name.parse().unwrap(), SecretText::new(text).unwrap())].into_iter().collect()
}

pub(super) fn record(seed: u8, access_token: &str) -> ConnectionRecord {
    ConnectionRecord {
        id: ConnectionId::from_entropy([seed; 8]),
        provider: "acme".parse().unwrap(),
        kind: ConnectionKind::Oauth,
        account: Some("ada@example.org".to_owned()),
        label: None,
        previous: None,
        failure: None,
        client_id: "client".parse().unwrap(),
        token_endpoint: "https://acme.example/token".to_owned(),
        redirect_uri: Some("http://127.0.0.1:7667/oauth/callback/acme".to_owned()),
        asked: Scopes::from_reply("a b"),
        tokens: Tokens {
            access_token: AccessToken::new(access_token).unwrap(),
            refresh_token: Some(RefreshToken::new("canary-refresh-token").unwrap()),
            id_token: None,
            scopes: Scopes::from_reply("a"),
            expires_at: Some(Timestamp::from_second(1_900_000_000).unwrap()),
            metadata: facts("team", "canary-metadata-token"),
        },
        config: facts("subdomain", "canary-config"),
        state: ConnectionState::Active,
        created_at: Timestamp::from_second(1_800_000_000 + i64::from(seed)).unwrap(),
        refreshed_at: None,
        generation: 0,
    }
}

/// A second connection to the same file, as somebody with a SQLite shell has it.
pub(super) fn meddle(folder: &TempDir, statement: &str) {
    let path = folder.path().join(DATABASE);
    if !path.exists() {
        private_file::write(&path, b"").unwrap();
    }
    let database = rusqlite::Connection::open(path).unwrap();
    database.execute_batch(statement).unwrap();
}

#[tokio::test]
async fn what_was_kept_is_there_after_the_vault_was_closed() {
    let folder = tempfile::tempdir().unwrap();
    let kept = record(1, CANARY);
    open(&folder).unwrap().add_connection(&kept).await.unwrap();
    let read = open(&folder).unwrap().connection(&kept.id).await.unwrap().unwrap();
    assert_eq!(format!("{read:?}"), format!("{kept:?}"));
    assert_eq!(read.tokens.access_token.expose_secret(), CANARY);
    assert_eq!(read.tokens.refresh_token.unwrap().expose_secret(), "canary-refresh-token");
}

#[tokio::test]
async fn no_secret_lies_readable_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    let kept = record(1, CANARY);
    vault.add_connection(&kept).await.unwrap();
    let server = ServerRecord {
        name: "notes".parse().unwrap(),
        manifest: "{}".to_owned(),
        folder: None,
        settings: [("api_key".to_owned(), "canary-setting".into())].into(),
        connection: Some(kept.id.clone()),
        runtime: RuntimeKind::Process,
        network: Network::Internet,
        wanted: true,
        installed_at: kept.created_at,
    };
    vault.save_server(&server).await.unwrap();
    assert_eq!(vault.server(&server.name).await.unwrap().unwrap().settings, server.settings);
    assert_eq!(vault.servers_of(&kept.id).await.unwrap(), [server.name]);
    let spent = kept.tokens.refresh_token.as_ref().map(Fingerprint::of);
    let attempt = Attempt {
        generation: 0,
        current: spent,
        of_previous: false,
        key: IdempotencyKey::from_entropy([7; 32]),
        at: kept.created_at,
    };
    let turn = vault.turn(&kept.id).await.unwrap();
    turn.reserve(&attempt, &kept.tokens).await.unwrap();
    turn.keep_reply(0, &kept.tokens, kept.created_at).await.unwrap();
    let journal = turn.journal().await.unwrap().unwrap();
    assert_eq!(journal.reply.unwrap().0.access_token.expose_secret(), CANARY);
    let files = |folder: &Path| -> Vec<_> {
        fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_file())
            .collect()
    };
    let (top, journals) = (files(folder.path()), files(&folder.path().join("journal")));
    assert_eq!(journals.len(), 1);
    for path in top.iter().chain(&journals) {
        let bytes = fs::read(path).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"canary"), "{}", path.display());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn a_loser_never_wipes_what_a_winner_saved() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    let first = record(1, "first");
    vault.add_connection(&first).await.unwrap();
    let by = |name: &str| {
        let mut tokens = record(1, name).tokens;
        tokens.refresh_token = Some(RefreshToken::new(format!("refresh-{name}")).unwrap());
        move |record: ConnectionRecord| ConnectionRecord { tokens, ..record }
    };
    let spent = Expected::RefreshToken(Fingerprint::of(first.tokens.refresh_token.as_ref().unwrap()));
    for expected in [spent, Expected::Generation(0)] {
        let event = || (None, first.created_at);
        let won = vault.change_connection(&first.id, expected, event(), by("winner")).await;
        assert!(won.is_ok() == (expected == spent), "{won:?}");
        let lost = vault.change_connection(&first.id, expected, event(), by("loser")).await;
        assert!(matches!(lost, Err(VaultError::Changed)), "{lost:?}");
    }
    let marked = vault.mark_to_be_revoked(&first.id, 0).await;
    assert!(matches!(marked, Err(VaultError::Changed)));
    let read = vault.connection(&first.id).await.unwrap().unwrap();
    assert_eq!(read.tokens.access_token.expose_secret(), "winner");
    assert_eq!(read.state, ConnectionState::Active);
}

#[tokio::test]
async fn a_value_that_was_moved_or_put_back_does_not_open() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    let (one, other) = (record(1, "one"), record(2, "other"));
    vault.add_connection(&one).await.unwrap();
    vault.add_connection(&other).await.unwrap();
    meddle(
        &folder,
        &format!(
            "UPDATE connections SET access_token = (SELECT access_token FROM connections WHERE id = '{}') WHERE id = '{}'",
            other.id, one.id
        ),
    );
    assert!(matches!(vault.connection(&one.id).await, Err(VaultError::Unsealable(_))));

    meddle(&folder, "CREATE TABLE stolen AS SELECT access_token FROM connections WHERE account IS NOT NULL");
    let at = (None, other.created_at);
    vault.change_connection(&other.id, Expected::Generation(0), at, |record| record).await.unwrap();
    let put_back = format!(
        "UPDATE connections SET access_token = (SELECT access_token FROM stolen LIMIT 1 OFFSET 1) WHERE id = '{}'",
        other.id
    );
    meddle(&folder, &put_back);
    assert!(matches!(vault.connection(&other.id).await, Err(VaultError::Unsealable(_))));
}

#[tokio::test]
async fn a_damaged_connection_hides_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    vault.add_connection(&record(1, "one")).await.unwrap();
    vault.add_connection(&record(2, "other")).await.unwrap();
    meddle(
        &folder,
        &format!("UPDATE connections SET access_token = x'00' WHERE id = '{}'", record(1, "x").id),
    );
    let read = vault.connections().await.unwrap();
    assert!(matches!(read.as_slice(), [Err(VaultError::Unsealable(_)), Ok(_)]), "{read:?}");
}

#[tokio::test]
async fn a_server_whose_connection_has_gone_meanwhile_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    let gone = record(1, CANARY);
    let server = ServerRecord {
        name: "notes".parse().unwrap(),
        manifest: "{}".to_owned(),
        folder: None,
        settings: std::collections::BTreeMap::default(),
        connection: Some(gone.id.clone()),
        runtime: RuntimeKind::Process,
        network: Network::Internet,
        wanted: true,
        installed_at: gone.created_at,
    };
    assert!(matches!(vault.save_server(&server).await, Err(VaultError::Changed)));
    assert!(vault.server(&server.name).await.unwrap().is_none());
}

#[tokio::test]
async fn a_vault_of_the_first_version_is_brought_up_to_date_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let kept = record(1, CANARY);
    open(&folder).unwrap().add_connection(&kept).await.unwrap();
    let later = [
        "tried_at",
        "facts",
        "redirect_uri",
        "label",
        "previous_refresh_token",
        "replaced_at",
        "failed_at",
        "failure_class",
        "failure_code",
        "failures",
        "retry_after",
        "kind",
    ];
    later.iter().for_each(|column| meddle(&folder, &format!("ALTER TABLE connections DROP COLUMN {column}")));
    let of_servers = ["runtime", "network"];
    of_servers
        .iter()
        .for_each(|column| meddle(&folder, &format!("ALTER TABLE servers DROP COLUMN {column}")));
    let of_vault = ["key_place", "root", "retired"];
    of_vault.iter().for_each(|column| meddle(&folder, &format!("ALTER TABLE vault DROP COLUMN {column}")));
    meddle(&folder, "DROP TABLE audit; DROP TABLE audit_head; PRAGMA user_version = 1");
    let vault = open(&folder).unwrap();
    vault.note_attempt(&kept.id, 0, kept.created_at).await.unwrap();
    let read = vault.connection(&kept.id).await.unwrap().unwrap();
    assert_eq!(read.tokens.access_token.expose_secret(), CANARY);
    assert!(matches!(vault.note_attempt(&kept.id, 1, kept.created_at).await, Err(VaultError::Changed)));
}

#[tokio::test]
async fn a_vault_without_its_key_gets_no_new_one() {
    let folder = tempfile::tempdir().unwrap();
    open(&folder).unwrap().add_connection(&record(1, CANARY)).await.unwrap();
    let key = folder.path().join("vault.key");
    let kept = fs::read(&key).unwrap();
    fs::remove_file(&key).unwrap();
    assert!(matches!(open(&folder), Err(VaultError::KeyMissing { .. })));
    assert!(!key.exists());
    private_file::write(&key, &kept).unwrap();
    assert!(open(&folder).unwrap().connection(&record(1, "x").id).await.unwrap().is_some());
}

#[test]
fn a_place_that_was_changed_by_somebody_without_the_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    meddle(&folder, "UPDATE vault SET key_place = 'passphrase'");
    assert!(matches!(open(&folder), Err(VaultError::KeyMissing { place: KeyPlace::Passphrase, .. })));
    meddle(&folder, "UPDATE vault SET key_place = 'file'");
    drop(open(&folder).unwrap());
    // The proof of a vault whose key is elsewhere, with that very key in the file.
    let key = fs::read_to_string(folder.path().join("vault.key")).unwrap();
    let sealer = Sealer::new(&MasterKey::read(&key).unwrap(), Entropy::system());
    let database = rusqlite::Connection::open(folder.path().join(DATABASE)).unwrap();
    vault_row::set_place(&database, KeyPlace::Keychain, &sealer).unwrap();
    database.execute("UPDATE vault SET key_place = 'file'", []).unwrap();
    assert!(matches!(open(&folder), Err(VaultError::OtherPlace(_))));
}

#[tokio::test]
async fn another_vaults_key_opens_nothing_and_harms_nothing() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    open(&folder).unwrap().add_connection(&record(1, CANARY)).await.unwrap();
    drop(open(&other).unwrap());
    let own = fs::read(folder.path().join("vault.key")).unwrap();
    private_file::write(&folder.path().join("vault.key"), &fs::read(other.path().join("vault.key")).unwrap())
        .unwrap();
    assert!(matches!(open(&folder), Err(VaultError::OtherKey { .. })));
    private_file::write(&folder.path().join("vault.key"), &own).unwrap();
    assert!(open(&folder).unwrap().connections().await.unwrap()[0].is_ok());
}

#[test]
fn a_file_that_is_no_vault_is_refused_unharmed() {
    for foreign in ["CREATE TABLE theirs (x)", "PRAGMA application_id = 7; CREATE TABLE theirs (x)"] {
        let folder = tempfile::tempdir().unwrap();
        drop(open(&folder).unwrap());
        fs::remove_file(folder.path().join(DATABASE)).unwrap();
        meddle(&folder, foreign);
        let before = fs::read(folder.path().join(DATABASE)).unwrap();
        assert!(matches!(open(&folder), Err(VaultError::Foreign(_))), "{foreign}");
        assert_eq!(fs::read(folder.path().join(DATABASE)).unwrap(), before);
    }
    for text in ["", "this is a letter to my aunt, and no database at all"] {
        let folder = tempfile::tempdir().unwrap();
        drop(open(&folder).unwrap());
        private_file::write(&folder.path().join(DATABASE), text.as_bytes()).unwrap();
        assert!(matches!(open(&folder), Err(VaultError::Foreign(_))), "{text}");
        assert_eq!(fs::read_to_string(folder.path().join(DATABASE)).unwrap(), text);
    }
}

#[test]
fn a_vault_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    meddle(&folder, "PRAGMA user_version = 99");
    assert!(matches!(open(&folder), Err(VaultError::Newer(_))));
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    let key = folder.path().join("vault.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let error = open(&folder).unwrap_err();
    assert!(matches!(error, VaultError::Exposed { .. }), "{error:?}");
    assert!(error.hint().contains("chmod 600"));
}

#[cfg(unix)]
#[test]
fn a_database_that_others_could_touch_or_that_leads_elsewhere_is_refused() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop(open(&folder).unwrap());
    let database = folder.path().join(DATABASE);
    fs::set_permissions(&database, fs::Permissions::from_mode(0o660)).unwrap();
    assert!(matches!(open(&folder), Err(VaultError::Exposed { .. })));
    fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();

    let moved = elsewhere.path().join("moved");
    fs::rename(&database, &moved).unwrap();
    symlink(&moved, &database).unwrap();
    assert!(matches!(open(&folder), Err(VaultError::Exposed { .. })));
    fs::remove_file(&database).unwrap();
    symlink(elsewhere.path().join("nowhere"), &database).unwrap();
    assert!(open(&folder).is_err(), "a link to nothing is no missing vault");
    assert!(!elsewhere.path().join("nowhere").exists());
    fs::remove_file(&database).unwrap();
    fs::rename(&moved, &database).unwrap();

    for beside in ["-wal", "-shm"] {
        let planted = folder.path().join(format!("{DATABASE}{beside}"));
        let target = elsewhere.path().join(beside);
        let _ = fs::remove_file(&planted);
        symlink(&target, &planted).unwrap();
        let _ = open(&folder).map(drop);
        assert!(!target.exists(), "{beside}");
        fs::remove_file(&planted).unwrap();
    }
    drop(open(&folder).unwrap());
}

#[tokio::test]
async fn a_log_that_was_changed_cut_or_written_anew_is_found_out() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    let kept = record(1, CANARY);
    vault.add_connection(&kept).await.unwrap();
    let event = |code: &str| Event::RefreshFailed { code: code.to_owned() };
    for code in ["one", "two", "three"] {
        vault.note(&kept.id, &kept.provider, event(code), kept.created_at).await.unwrap();
    }
    assert_eq!(vault.verify_audit().await.unwrap(), AuditState::Whole { lines: 4 });
    let refused = rusqlite::Connection::open(folder.path().join(DATABASE)).unwrap();
    for statement in ["DELETE FROM audit", "UPDATE audit SET detail = 'x'"] {
        assert!(refused.execute_batch(statement).is_err(), "{statement}");
    }
    drop(refused);
    let free = "DROP TRIGGER IF EXISTS audit_is_not_changed; DROP TRIGGER IF EXISTS audit_is_not_cut;";
    meddle(&folder, &format!("{free} CREATE TABLE kept AS SELECT * FROM audit"));
    let back = "DELETE FROM audit; INSERT INTO audit SELECT * FROM kept;";
    for (statement, line) in [
        ("UPDATE audit SET detail = 'x' WHERE number = 3", 3),
        ("UPDATE audit SET at = at + 1 WHERE number = 1", 1),
        ("DELETE FROM audit WHERE number = 2", 2),
        ("DELETE FROM audit WHERE number = 4", 4),
        ("DELETE FROM audit", 1),
        ("UPDATE audit SET hash = zeroblob(32) WHERE number = 4", 4),
    ] {
        meddle(&folder, statement);
        assert_eq!(vault.verify_audit().await.unwrap(), AuditState::Broken { line }, "{statement}");
        meddle(&folder, back);
        assert_eq!(vault.verify_audit().await.unwrap(), AuditState::Whole { lines: 4 });
    }
}

#[tokio::test]
async fn whatever_is_written_makes_another_version_and_what_is_read_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let vault = open(&folder).unwrap();
    let kept = record(1, CANARY);
    let mut versions = vec![vault.version()];
    vault.add_connection(&kept).await.unwrap();
    versions.push(vault.version());
    let server = ServerRecord {
        name: "notes".parse().unwrap(),
        manifest: "{}".to_owned(),
        folder: None,
        settings: [].into(),
        connection: Some(kept.id.clone()),
        runtime: RuntimeKind::Process,
        network: Network::Internet,
        wanted: true,
        installed_at: kept.created_at,
    };
    vault.save_server(&server).await.unwrap();
    versions.push(vault.version());
    vault.set_server_wanted(&server.name, false).await.unwrap();
    versions.push(vault.version());
    vault.remove_server(&server.name).await.unwrap();
    versions.push(vault.version());
    assert!(versions.windows(2).all(|pair| pair[0] != pair[1]), "{versions:?}");
    let before = vault.version();
    vault.connection(&kept.id).await.unwrap();
    vault.servers().await.unwrap();
    assert_eq!(vault.version(), before);
}
