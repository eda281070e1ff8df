//! What a server finds in its environment.

use std::collections::BTreeMap;

use keyferry_app::runtime::RuntimeError;
use keyferry_core::secret::SecretText;

use super::harness::{CANARY, Harness};

#[tokio::test]
async fn the_environment_is_the_allowlist_and_what_was_given_and_nothing_else() {
    let harness = Harness::new();
    let mut launch = harness.launch("notes", &["echo"]);
    let given = [
        ("SITE", "https://a.example/\nsecond line"),
        ("EMPTY", ""),
        ("HOME", "/elsewhere"),
        ("SITE", "last wins ü"),
    ];
    for (name, value) in given {
        launch.environment.push((name.to_owned(), SecretText::new(value).unwrap()));
    }
    harness.servers.start(launch).await.unwrap();

    let environment: BTreeMap<String, String> =
        serde_json::from_str(&harness.call("notes", "environment").await).unwrap();
    let expected = [
        ("EMPTY", ""),
        ("HOME", "/elsewhere"),
        ("LC_ALL", "C.UTF-8"),
        ("PATH", "/usr/bin:/bin"),
        ("SITE", "last wins ü"),
        ("TOKEN", CANARY),
    ];
    assert_eq!(environment, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_value_is_not_in_the_arguments_of_any_process() {
    let harness = Harness::new();
    let pid = harness.start("notes", &["echo"]).await;
    let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains(CANARY));
}

#[tokio::test]
async fn a_variable_that_would_run_other_code_is_refused_before_anything_runs() {
    let harness = Harness::new();
    for variable in ["LD_PRELOAD", "NODE_OPTIONS", "A=B", "A\nB"] {
        let mut launch = harness.launch("notes", &["echo"]);
        launch.environment.push((variable.to_owned(), SecretText::new(CANARY).unwrap()));
        let error = harness.servers.start(launch).await.unwrap_err();
        assert!(matches!(error, RuntimeError::Variable { .. }), "{variable:?}: {error}");
        assert!(!format!("{error} {error:?} {}", error.hint()).contains(CANARY));
    }
    assert!(!harness.log("notes").await.contains("started"));
}
