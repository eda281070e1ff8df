//! That nothing of a server is left, however it behaves and however it is let go.

use std::time::{Duration, Instant};

use keyferry_app::runtime::{Limits, RuntimeError, ServerState};

use super::harness::{Harness, PATIENCE, ends, limits, name, runs};

#[tokio::test]
async fn a_polite_server_ends_when_its_input_is_closed() {
    let harness = Harness::with(Limits { after_eof: PATIENCE, ..limits() });
    let pid = harness.start("notes", &["echo"]).await;
    let status = harness.servers.stop(&name("notes")).await.unwrap();
    assert_eq!((status.state, status.pid), (ServerState::Stopped, None));
    assert!(!runs(pid));
    assert!(harness.log("notes").await.contains("exit"), "ended by itself, with an exit code");
}

#[cfg(unix)]
#[tokio::test]
async fn a_server_that_ignores_its_input_is_asked_and_then_killed() {
    let harness = Harness::new();
    for (part, signal) in [("stubborn", "15"), ("unstoppable", "9")] {
        let pid = harness.start(part, &[part]).await;
        let before = Instant::now();
        harness.servers.stop(&name(part)).await.unwrap();
        assert!(before.elapsed() < limits().longest_stop());
        assert!(!runs(pid), "{part}");
        let log = harness.log(part).await;
        assert!(log.contains(&format!("stopped (signal: {signal}")), "{log}");
    }
}

#[tokio::test]
async fn what_a_server_started_ends_with_it() {
    let harness = Harness::new();
    for part in ["parent", "parent-of-stubborn"] {
        let pid = harness.start(part, &[part]).await;
        let descendant = harness.descendant(part).await;
        assert!(runs(descendant));
        harness.servers.stop(&name(part)).await.unwrap();
        assert!(!runs(pid) && !runs(descendant), "{part}");
    }
}

#[tokio::test]
async fn dropping_the_supervisor_kills_every_process_of_every_group() {
    let harness = Harness::new();
    let mut pids = vec![];
    for part in ["unstoppable", "parent-of-stubborn"] {
        pids.push(harness.start(part, &[part]).await);
    }
    pids.push(harness.descendant("parent-of-stubborn").await);
    let Harness { servers, folder, .. } = harness;
    drop(servers);
    for pid in pids {
        ends(pid).await;
    }
    drop(folder);
}

#[test]
fn ending_the_async_runtime_kills_every_process() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let harness = Harness::new();
    let pid = runtime.block_on(harness.start("unstoppable", &["unstoppable"]));
    drop(runtime);
    let until = Instant::now() + PATIENCE;
    while runs(pid) {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[tokio::test]
async fn all_servers_are_shut_down_side_by_side_and_none_starts_afterwards() {
    let harness = Harness::new();
    let mut pids = vec![];
    for number in 0..6 {
        pids.push(harness.start(&format!("server-{number}"), &["unstoppable"]).await);
    }
    let before = Instant::now();
    harness.servers.shutdown_all().await;
    let one_after_the_other = (limits().after_eof + limits().after_terminate) * 6;
    assert!(before.elapsed() < one_after_the_other, "{:?}", before.elapsed());
    assert!(pids.iter().all(|&pid| !runs(pid)));
    let error = harness.servers.start(harness.launch("notes", &["echo"])).await.unwrap_err();
    assert_eq!(error, RuntimeError::ShuttingDown);
}

#[tokio::test]
async fn stops_and_starts_of_one_server_at_the_same_time_leave_it_in_order() {
    let harness = Harness::new();
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..30 {
        let (servers, launch) = (harness.servers.clone(), harness.launch("notes", &["echo"]));
        tasks.spawn(async move {
            if number % 3 == 0 {
                servers.stop(&name("notes")).await.unwrap();
            } else if let Err(error) = servers.start(launch).await {
                assert!(matches!(error, RuntimeError::StoppedMeanwhile { .. }), "{error}");
            }
        });
    }
    tasks.join_all().await;
    harness.start("notes", &["echo"]).await;
    harness.servers.stop(&name("notes")).await.unwrap();
    let log = harness.log("notes").await;
    for pid in log.lines().filter_map(|line| line.split(", process ").nth(1)) {
        assert!(!runs(pid.parse().unwrap()), "{log}");
    }
}

#[tokio::test]
async fn a_server_that_was_never_started_is_stopped_already() {
    let harness = Harness::new();
    assert_eq!(harness.servers.stop(&name("notes")).await.unwrap().state, ServerState::Stopped);
    harness.servers.remove(&name("notes")).await.unwrap();
}

#[tokio::test]
async fn a_removed_server_leaves_no_process_and_no_log() {
    let harness = Harness::new();
    let pid = harness.start("notes", &["echo"]).await;
    harness.servers.remove(&name("notes")).await.unwrap();
    assert!(!runs(pid));
    assert_eq!(harness.log("notes").await, "");
    assert!(harness.servers.statuses().is_empty());
}
