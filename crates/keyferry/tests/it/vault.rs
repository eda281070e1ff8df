use std::{fs, os::unix::net::UnixListener};

use crate::support::{Keychain, Ran, World, after};

const WORDS: &str = "correct horse battery";

/// Writes a passphrase file, and names it.
fn passphrase_file(world: &World, words: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = world.path("passphrase");
    fs::write(&path, format!("{words}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Runs the program with these variables beside the world's; no place for the key is wished for.
fn run_with(world: &World, variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = world.command(arguments);
    command.env_remove("KEYFERRY_VAULT_KEY").envs(variables.iter().copied());
    world.ran(command.output().unwrap())
}

fn has(world: &World, name: &str) -> bool {
    world.path("data").join(name).exists()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_in_account_outlives_a_new_key_a_new_place_and_a_restore() {
    let world = World::new().await;
    let proxy = world.proxy();
    let app = world.app();
    world.install().await;
    for command in
        [&["vault", "rotate"][..], &["vault", "move", "--to", "passphrase"], &["vault", "backup", "b"]]
    {
        let ran = world.run(command);
        assert!(ran.code == 1 && ran.stderr.contains("stop it first"), "{command:?}: {}", ran.stderr);
    }
    assert_eq!(world.json(&["vault", "status"])["key"]["state"], "found", "beside a running app");
    assert_eq!(app.end(&world), 0);

    let before = world.json(&["vault", "status"])["key_id"].clone();
    assert_eq!(world.json(&["vault", "rotate"])["finished"], true);
    assert_ne!(world.json(&["vault", "status"])["key_id"], before);
    let words = passphrase_file(&world, WORDS);
    let held = [("KEYFERRY_VAULT_PASSPHRASE_FILE", words.as_str())];
    assert_eq!(run_with(&world, &held, &["vault", "move", "--to", "passphrase"]).code, 0);
    assert!(has(&world, "vault.wrapped-key") && !has(&world, "vault.key"));
    let ran = run_with(&world, &held, &["vault", "backup", "b", "--passphrase-file", &words]);
    assert!(ran.code == 0 && ran.stderr.contains("spent"), "{}", ran.stderr);
    let restore = ["vault", "restore", "b", "--passphrase-file", &words];
    let refused = run_with(&world, &held, &restore);
    assert!(refused.code == 1 && refused.stderr.contains("--force"), "{}", refused.stderr);
    let ran = run_with(&world, &held, &[&restore[..], &["--force"]].concat());
    assert!(ran.code == 0 && ran.stdout.contains("is kept in"), "{}{}", ran.stdout, ran.stderr);
    let ran = run_with(&world, &held, &["call", "sandbox-notes", "whoami"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passphrase_that_nobody_can_be_asked_for_is_told_with_what_to_do() {
    let world = World::new().await;
    let ran = run_with(&world, &[("KEYFERRY_VAULT_KEY", "passphrase")], &["connections", "list"]);
    assert!(ran.code == 1 && ran.stderr.contains("KEYFERRY_VAULT_PASSPHRASE_FILE"), "{}", ran.stderr);
    assert!(!has(&world, "vault.db") && !has(&world, "vault.key"), "no other place is taken");
    let words = passphrase_file(&world, WORDS);
    let held = [("KEYFERRY_VAULT_KEY", "passphrase"), ("KEYFERRY_VAULT_PASSPHRASE_FILE", words.as_str())];
    assert_eq!(run_with(&world, &held, &["connections", "list"]).code, 0);
    passphrase_file(&world, "another horse");
    let ran = run_with(&world, &held, &["connections", "list"]);
    assert!(ran.code == 1 && ran.stderr.contains("not the right one"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("another horse"));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_keychain_holds_the_first_start_up_no_longer_than_its_limit_and_is_told() {
    let world = World::new().await;
    let silent = world.path("silent");
    let _listener = UnixListener::bind(&silent).unwrap();
    let address = format!("unix:path={}", silent.display());
    let waits = [("DBUS_SESSION_BUS_ADDRESS", address.as_str()), ("KEYFERRY_VAULT_KEYCHAIN_LIMIT", "1s")];
    let ran = run_with(&world, &waits, &["connections", "list"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("has not answered yet"), "{}", ran.stderr);
    assert!(ran.stderr.contains("goes into a plain file"), "{}", ran.stderr);
    assert!(has(&world, "vault.key"));
    assert!(run_with(&world, &waits, &["status"]).stdout.contains("vault.key"));
    let mut wished = waits.to_vec();
    wished.push(("KEYFERRY_VAULT_KEY", "keychain"));
    let elsewhere = world.path("elsewhere");
    let ran = run_with(&world, &wished, &["connections", "list", "--home", elsewhere.to_str().unwrap()]);
    assert!(ran.code == 1 && ran.stderr.contains("did not answer within 1 s"), "{}", ran.stderr);
    assert!(!elsewhere.join("vault.key").exists() && !elsewhere.join("vault.db").exists());
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_a_keychain_works_the_key_goes_there_and_into_no_file() {
    let world = World::new().await;
    let Some(mut keychain) = Keychain::start(&world, true) else { return };
    let bus = keychain.address();
    let session = [("DBUS_SESSION_BUS_ADDRESS", bus.as_str())];
    let run = |arguments: &[&str]| {
        let ran = run_with(&world, &session, arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
        ran.stdout
    };
    run(&["connections", "list"]);
    assert!(!has(&world, "vault.key") && !has(&world, "vault.wrapped-key"));
    assert!(run(&["status"]).contains("the system's keychain"));
    assert!(run(&["vault", "rotate"]).contains("the old one is gone"));
    assert!(run(&["vault", "status"]).contains("yes"));
    run(&["vault", "move", "--to", "file"]);
    assert!(has(&world, "vault.key"));
    run(&["vault", "move", "--to", "keychain"]);
    assert!(!has(&world, "vault.key"));

    let nowhere = format!("unix:path={}", world.path("no-bus").display());
    let refusals = [
        ("locked", "locked", &bus),
        ("gone", "can't be reached", &nowhere),
        ("empty", "is not in the system's keychain", &bus),
    ];
    for (what, told, bus) in refusals {
        keychain.stop();
        if what == "empty" {
            fs::rename(world.path(".local/share/keyrings"), world.path("keyrings")).unwrap();
        }
        keychain.restart(&world, what == "empty");
        let ran = run_with(&world, &[("DBUS_SESSION_BUS_ADDRESS", bus)], &["connections", "list"]);
        assert!(ran.code == 1 && ran.stderr.contains(told), "{what}: {}", ran.stderr);
        assert!(!has(&world, "vault.key"), "{what}: no new key is made, and no other place taken");
    }
    keychain.stop();
    fs::remove_dir_all(world.path(".local/share/keyrings")).unwrap();
    fs::rename(world.path("keyrings"), world.path(".local/share/keyrings")).unwrap();
    keychain.restart(&world, true);
    run(&["connections", "list"]);
    drop(keychain);
    world.end().await;
}

/// Runs a command that the kernel ends as soon as it writes a file beyond so many blocks of half a KiB.
fn within_blocks(world: &World, blocks: u32, arguments: &[&str]) -> Ran {
    world.ran(after(&format!("ulimit -f {blocks}"), &world.command(arguments)).output().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_that_the_kernel_ends_at_any_write_leaves_a_vault_that_opens() {
    let world = World::new().await;
    let proxy = world.proxy();
    world.install().await;
    proxy.end(&world);
    let (mut cut_off, mut finished) = (0, 0);
    for blocks in (0..160).step_by(8) {
        let ran = within_blocks(&world, blocks, &["vault", "rotate"]);
        if ran.code == 0 {
            finished += 1;
        } else {
            cut_off += 1;
        }
        let list = world.json(&["connections", "list"]);
        let whole = list["connections"].as_array().unwrap().len() == 1;
        let problems = list["problems"].as_array().map_or(0, Vec::len);
        assert!(whole && problems == 0, "{blocks}: {list}");
        assert!(world.json(&["vault", "status"])["rotation"].is_null(), "the start went on");
    }
    assert!(cut_off > 2 && finished > 2, "{cut_off} cut off, {finished} finished");
    world.end().await;
}
