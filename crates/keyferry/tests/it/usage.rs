use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_written_wrong_exits_with_2() {
    let world = World::new().await;
    for arguments in [
        &["nonsense"][..],
        &["install"],
        &["install", "sandbox-notes", "--set", "novalue"],
        &["call", "sandbox-notes", "whoami", "not json"],
        &["logs", "x", "--lines", "0"],
        &["proxy", "--listen", "here"],
        &["list", "--proxy-url", "http://example.org"],
        &["app", "--listen", "0.0.0.0:7667"],
        &["proxy", "--listen", "0.0.0.0:0"],
        &["sandbox", "serve", "--listen", "0.0.0.0:0"],
        &["status", "../providers"],
        &["uninstall", "x?"],
        &["catalog", "show", ".."],
        &["provider", "show", "a/b"],
        &["connections", "revoke", "../servers/x"],
    ] {
        let ran = world.run(arguments);
        assert_eq!(ran.code, 2, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        assert!(!ran.stderr.is_empty());
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_setting_that_can_not_be_used_exits_with_2_and_says_which() {
    let world = World::new().await;
    for (variable, value) in [
        ("KEYFERRY_PROXY_LISTEN", "somewhere"),
        ("KEYFERRY_PROXY_OPEN", "perhaps"),
        ("KEYFERRY_PROXY_SEALING_KEY", "short"),
    ] {
        let ran = world.ran(world.command(&["proxy"]).env(variable, value).output().unwrap());
        assert_eq!(ran.code, 2, "{variable}: {}", ran.stderr);
        assert!(ran.stderr.contains(variable) && ran.stderr.contains("hint:"), "{}", ran.stderr);
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_says_what_to_do_and_is_json_when_asked_for() {
    let world = World::new().await;
    let ran = world.run(&["install", "sandbox-note"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("sandbox-notes"), "the closest name: {}", ran.stderr);
    let ran = world.run(&["status", "nothing", "--json"]);
    assert_eq!(ran.code, 1);
    let line =
        ran.stderr.lines().find(|line| line.contains("\"message\"") && !line.contains("\"level\"")).unwrap();
    let error: serde_json::Value = serde_json::from_str(line).unwrap();
    assert!(error["error"].is_string() && error["message"].is_string(), "{error}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn completions_are_there_for_each_shell() {
    let world = World::new().await;
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = world.run(&["completions", shell]);
        assert_eq!(ran.code, 0);
        assert!(ran.stdout.contains("keyferry") && ran.stdout.contains("connections"), "{shell}");
    }
    world.end().await;
}
