//! What is kept of what a server says.

use std::fs;

use keyferry_app::runtime::Limits;

use super::harness::{CANARY, Harness, PATIENCE, limits, name};

#[tokio::test]
async fn a_secret_and_a_control_character_never_reach_the_disk() {
    let harness = Harness::new();
    let said = format!("token={CANARY} \u{1b}]0;owned\u{7}\rover \u{202e}txt");
    harness.start("notes", &["speak", &said]).await;
    harness.servers.stop(&name("notes")).await.unwrap();
    let log = harness.log("notes").await;
    assert!(log.contains("token=[TOKEN] \\u{1b}]0;owned\\u{7}\\rover \\u{202e}txt"), "{log}");
    for file in fs::read_dir(harness.log_files()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        assert!(!text.contains(CANARY) && !text.contains(['\u{1b}', '\r', '\u{202e}']), "{text}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn only_its_owner_can_read_a_log() {
    use std::os::unix::fs::PermissionsExt as _;
    let harness = Harness::new();
    harness.start("notes", &["echo"]).await;
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(harness.log_files()), 0o700);
    assert_eq!(mode(harness.log_files().join("notes.log")), 0o600);
}

#[tokio::test]
async fn a_flood_neither_blocks_the_server_nor_fills_the_disk() {
    let harness = Harness::with(Limits { log_file: 64 * 1024, log_rate: 1024 * 1024 * 1024, ..limits() });
    harness.start("notes", &["noisy"]).await;
    for _ in 0..100 {
        assert_eq!(harness.call("notes", "echo").await, "{}");
    }
    harness.servers.stop(&name("notes")).await.unwrap();
    let files: Vec<u64> = fs::read_dir(harness.log_files())
        .unwrap()
        .map(|file| file.unwrap().metadata().unwrap().len())
        .collect();
    assert_eq!(files.len(), 2);
    assert!(files.iter().all(|&size| size <= 64 * 1024), "{files:?}");
}

#[tokio::test]
async fn a_flood_above_the_rate_is_counted_and_left_out() {
    let harness = Harness::with(Limits { log_rate: 4 * 1024, ..limits() });
    harness.start("notes", &["noisy"]).await;
    let until = std::time::Instant::now() + PATIENCE;
    while !harness.log("notes").await.contains("lines left out") {
        assert!(std::time::Instant::now() < until);
        assert_eq!(harness.call("notes", "echo").await, "{}");
    }
    harness.servers.stop(&name("notes")).await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_log_can_be_read_and_no_more_than_asked() {
    let harness = Harness::new();
    harness.start("notes", &["speak", "hello"]).await;
    harness.servers.stop(&name("notes")).await.unwrap();
    let last = harness.servers.logs(&name("notes"), 1).await.unwrap();
    assert_eq!(last.len(), 1);
    assert!(last[0].starts_with("1970-01-01T00:00:00.000Z [keyferry] stopped"), "{last:?}");
    assert_eq!(harness.servers.logs(&name("unknown"), 5).await.unwrap(), Vec::<String>::new());
}
