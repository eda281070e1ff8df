//! `deploy/keyferry-proxy.service`: systemd takes it, and it leaves little open.

use std::{
    fs,
    process::{Command, Output},
    time::Duration,
};

use keyferry_proxy::Limits;

use super::root;

const PROGRAM: &str = "/usr/local/bin/keyferry";
/// What `systemd-analyze security` may find, in tenths.
const MOST_EXPOSED: &str = "15";

fn text() -> String {
    fs::read_to_string(root().join("deploy/keyferry-proxy.service")).unwrap()
}

/// What `systemd-analyze` says of the unit with a program in it that is there; none where it isn't installed.
fn analyze(arguments: &[&str]) -> Option<Output> {
    let folder = tempfile::tempdir().unwrap();
    let unit = folder.path().join("keyferry-proxy.service");
    let here = std::env::current_exe().unwrap();
    fs::write(&unit, text().replace(PROGRAM, here.to_str().unwrap())).unwrap();
    let told = Command::new("systemd-analyze").args(arguments).arg(unit).output();
    if told.is_err() {
        println!("not run: there is no systemd-analyze; `cargo xtask setup` installs it");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: there is no systemd-analyze");
    }
    told.ok()
}

fn all(told: &Output) -> String {
    [&*told.stdout, &*told.stderr].map(String::from_utf8_lossy).concat()
}

#[test]
fn the_unit_is_one_without_a_slip() {
    let Some(told) = analyze(&["verify", "--man=no"]) else { return };
    assert!(told.status.success() && all(&told).trim().is_empty(), "{}", all(&told));
}

#[test]
fn the_unit_leaves_little_open() {
    let threshold = format!("--threshold={MOST_EXPOSED}");
    let Some(told) = analyze(&["security", "--offline=true", &threshold, "--no-pager"]) else { return };
    assert!(told.status.success(), "{}", all(&told));
}

#[test]
fn the_unit_hands_over_each_secret_that_it_names_and_has_time_to_end() {
    let text = text();
    let after = |prefix: &'static str| {
        text.lines().filter_map(move |line| line.trim_start_matches('#').strip_prefix(prefix))
    };
    let loaded: Vec<_> = after("LoadCredential=").map(|line| line.split(':').next().unwrap()).collect();
    let named: Vec<_> = after("Environment=").map(|line| line.split_once("=%d/").unwrap().1).collect();
    assert!(loaded.len() > 2);
    assert_eq!(loaded, named);
    // The copies are made at the start alone.
    assert_eq!(after("ExecReload=").count(), 0);
    let given: u64 = after("TimeoutStopSec=").next().unwrap().strip_suffix('s').unwrap().parse().unwrap();
    assert!(Duration::from_secs(given) > Limits::default().shutdown * 2);
}
