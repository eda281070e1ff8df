//! Every way in which a start fails, and that one start serves all who ask.

use std::time::{Duration, Instant};

use keyferry_app::runtime::{Limits, RuntimeError, ServerState};

use super::harness::{CANARY, Harness, limits, name, runs};

async fn failure(part: &[&str]) -> RuntimeError {
    failure_within(part, limits()).await
}

/// Starts a part that must fail, and checks what every failure must do.
async fn failure_within(part: &[&str], limits: Limits) -> RuntimeError {
    let harness = Harness::with(limits);
    let error = harness.servers.start(harness.launch("notes", part)).await.unwrap_err();
    let status = harness.servers.status(&name("notes"));
    assert_eq!((status.state, status.pid), (ServerState::Failed, None), "{error}");
    assert_eq!(status.problem.as_ref(), Some(&error));
    assert!(!error.hint().is_empty());
    let log = harness.log("notes").await;
    assert!(log.contains("did not start"), "{log}");
    let everything = format!("{error} {error:?} {} {log}", error.hint());
    assert!(!everything.contains(CANARY) && !everything.contains('\u{1b}'), "{everything}");
    error
}

fn impatient() -> Limits {
    Limits { initialize: Duration::from_millis(700), ..limits() }
}

#[tokio::test]
async fn a_server_that_dies_at_start_says_its_last_words_without_its_secret() {
    let error = failure(&["die", "3", &format!("\u{1b}[31mbad token {CANARY}")]).await;
    let RuntimeError::DiedAtStart { ended, last_lines, .. } = &error else { panic!("{error}") };
    assert!(ended.contains('3'), "{ended}");
    assert_eq!(*last_lines, ["\\u{1b}[31mbad token [TOKEN]"]);
    assert!(error.hint().contains("keyferry logs notes"));
}

#[tokio::test]
async fn a_server_that_ends_well_at_once_is_not_running_either() {
    let error = failure(&["die", "0", "nothing to do"]).await;
    assert!(matches!(error, RuntimeError::DiedAtStart { .. }), "{error}");
}

#[tokio::test]
async fn a_program_that_prints_something_else_is_not_mcp() {
    for (part, sample) in [
        (["garbage-then-end"], "Usage: server [OPTIONS]"),
        (["garbage-then-wait"], "Starting up \\u{1b}[32mOK\\u{1b}[0m"),
        (["garbage-forever"], "2026-01-01 INFO listening"),
    ] {
        let error = failure_within(&part, Limits { initialize: Duration::from_secs(2), ..limits() }).await;
        let RuntimeError::NotMcp { sample: kept, .. } = &error else { panic!("{part:?}: {error}") };
        assert_eq!(kept, sample);
    }
}

#[tokio::test]
async fn garbage_without_end_is_given_up_long_before_the_limit() {
    let before = Instant::now();
    let error = failure(&["garbage-forever"]).await;
    assert!(matches!(error, RuntimeError::NotMcp { .. }), "{error}");
    assert!(before.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_banner_before_the_first_message_is_forgiven() {
    let harness = Harness::new();
    harness.start("notes", &["banner"]).await;
    assert_eq!(harness.call("notes", "echo").await, "{}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up_at_the_limit() {
    let error = failure_within(&["silent"], impatient()).await;
    assert!(matches!(error, RuntimeError::NeverAnswered { .. }), "{error}");
}

#[tokio::test]
async fn a_server_that_closes_its_output_is_no_server() {
    let error = failure(&["close-output"]).await;
    assert!(matches!(error, RuntimeError::ClosedOutput { .. }), "{error}");
}

#[tokio::test]
async fn a_refusal_of_initialize_is_shown_without_the_secret() {
    let error = failure(&["refuse"]).await;
    let RuntimeError::Refused { code, message, .. } = &error else { panic!("{error}") };
    assert_eq!((*code, message.as_str()), (-32000, "no: [TOKEN]"));
}

#[tokio::test]
async fn what_was_started_by_a_server_that_dies_at_start_ends_too() {
    let harness = Harness::new();
    let error = harness.servers.start(harness.launch("notes", &["leaver"])).await.unwrap_err();
    assert!(matches!(error, RuntimeError::DiedAtStart { .. }), "{error}");
    assert!(!runs(harness.descendant("notes").await));
}

#[tokio::test]
async fn a_command_that_is_not_there_is_named_with_a_hint() {
    let harness = Harness::new();
    for (program, code) in [
        ("no-such-command-here", "command_not_found"),
        ("/nowhere/at/all", "command_not_found"),
        ("../../bin/sh", "command_not_found"),
        ("logs/", "command_not_executable"),
    ] {
        std::fs::create_dir_all(harness.log_files()).unwrap();
        let mut launch = harness.launch("notes", &[]);
        launch.program = program.to_owned();
        let error = harness.servers.start(launch).await.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(program.trim_end_matches('/')), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_is_no_program_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let harness = Harness::new();
    let file = harness.folder.path().join("server.sh");
    std::fs::write(&file, "#!/no/such/interpreter\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut launch = harness.launch("notes", &[]);
    launch.program = "./server.sh".to_owned();
    let error = harness.servers.start(launch).await.unwrap_err();
    assert!(matches!(error, RuntimeError::Spawn { .. }), "{error}");
    assert!(error.hint().contains("interpreter"), "{}", error.hint());
}

#[tokio::test]
async fn a_folder_that_is_gone_is_named() {
    let harness = Harness::new();
    let mut launch = harness.launch("notes", &["echo"]);
    launch.working_directory = harness.folder.path().join("gone");
    let error = harness.servers.start(launch).await.unwrap_err();
    assert!(matches!(error, RuntimeError::Folder(_)), "{error}");
}

#[tokio::test]
async fn starts_of_one_server_at_the_same_time_are_one_start() {
    let harness = Harness::new();
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (servers, launch) = (harness.servers.clone(), harness.launch("notes", &["echo"]));
        starts.spawn(async move { servers.start(launch).await.unwrap().pid.unwrap() });
    }
    let pids = starts.join_all().await;
    assert!(pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    assert_eq!(harness.log("notes").await.matches("started ").count(), 1);
    assert_eq!(harness.servers.status(&name("notes")).restarts, 0);
}

#[tokio::test]
async fn a_failed_start_fails_for_all_who_waited_for_it() {
    let harness = Harness::with(impatient());
    let mut starts = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (servers, launch) = (harness.servers.clone(), harness.launch("notes", &["silent"]));
        starts.spawn(async move { servers.start(launch).await.unwrap_err() });
    }
    assert!(starts.join_all().await.iter().all(|error| matches!(error, RuntimeError::NeverAnswered { .. })));
    assert_eq!(harness.log("notes").await.matches("started ").count(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_end_a_start() {
    let harness = Harness::new();
    let abandoned = harness.servers.start(harness.launch("notes", &["echo"]));
    assert!(futures_util::FutureExt::now_or_never(abandoned).is_none());
    let pid = harness.start("notes", &["echo"]).await;
    assert!(runs(pid));
    assert_eq!(harness.log("notes").await.matches("started ").count(), 1);
}

#[tokio::test]
async fn a_server_that_does_not_answer_holds_up_no_other() {
    let harness = Harness::new();
    let slow = tokio::spawn({
        let (servers, launch) = (harness.servers.clone(), harness.launch("slow", &["silent"]));
        async move { servers.start(launch).await }
    });
    harness.start("notes", &["echo"]).await;
    assert_eq!(harness.call("notes", "echo").await, "{}");
    assert!(!slow.is_finished());
    harness.servers.stop(&name("slow")).await.unwrap();
    let error = slow.await.unwrap().unwrap_err();
    assert!(matches!(error, RuntimeError::StoppedMeanwhile { .. }), "{error}");
    assert_eq!(harness.servers.status(&name("slow")).state, ServerState::Stopped);
}
