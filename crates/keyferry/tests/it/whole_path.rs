use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_installed_used_and_removed_through_a_running_app() {
    let world = World::new().await;
    let proxy = world.proxy();
    let app = world.app();

    let listed = world.json(&["catalog", "list"]);
    let notes = listed["entries"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["name"] == "sandbox-notes")
        .unwrap()
        .clone();
    assert_eq!(notes["sign_in"]["provider"], "sandbox");
    let provider = world.json(&["provider", "show", "sandbox"]);
    assert_eq!(provider["configured"], true);

    let installed = world.install().await;
    assert_eq!(installed.code, 0, "{}", installed.stderr);
    assert!(installed.stdout.contains("list_notes"), "{}", installed.stdout);

    let servers = world.json(&["list"]);
    assert_eq!(servers["servers"][0]["state"], "running");
    assert_eq!(servers["servers"][0]["runtime"], "process");
    let status = world.run(&["status", "sandbox-notes"]);
    assert!(status.stdout.contains("running"), "{}", status.stdout);
    assert!(status.stdout.contains("\ntools      add_note(text)  "), "{}", status.stdout);
    assert!(status.stdout.contains("; 3 tools; token "), "{}", status.stdout);
    let restarted = world.json(&["restart", "sandbox-notes"]);
    assert_eq!((&restarted["state"], restarted["restarts"].as_u64()), (&"running".into(), Some(1)));
    assert_eq!(world.json(&["status", "sandbox-notes"])["tools"].as_array().unwrap().len(), 3);

    let called = world.run(&["call", "sandbox-notes", "add_note", r#"{"text": "from a person"}"#]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let called = world.run(&["call", "sandbox-notes", "list_notes"]);
    assert!(called.stdout.contains("from a person"), "{}", called.stdout);
    let called = world.run(&["call", "sandbox-notes", "no_such_tool"]);
    assert_eq!(called.code, 1, "{}", called.stdout);

    let called = world.run(&["call", "sandbox-notes", "../stop"]);
    assert_eq!(called.code, 1, "{}", called.stdout);
    assert_eq!(world.json(&["status", "sandbox-notes"])["state"], "running", "a tool's name is no path");

    let again = world.install().await;
    assert_eq!(again.code, 1, "installed twice");

    let connections = world.json(&["connections", "list"]);
    let id = connections["connections"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(connections["connections"][0]["servers"][0], "sandbox-notes");
    let before = world.json(&["connections", "show", &id])["expires_at"].clone();
    let after = world.json(&["connections", "refresh", &id])["expires_at"].clone();
    assert_ne!(before, after);
    let called = world.run(&["call", "sandbox-notes", "whoami"]);
    assert_eq!(called.code, 0, "the server works with the new token: {}", called.stderr);

    let stopped = world.json(&["stop", "sandbox-notes"]);
    assert_eq!(stopped["state"], "stopped");
    let started = world.json(&["start", "sandbox-notes"]);
    assert_eq!(started["state"], "running");
    assert_eq!(world.run(&["logs", "sandbox-notes"]).code, 0);

    let removed = world.json(&["uninstall", "sandbox-notes"]);
    assert_eq!(removed["connection"]["result"], "revoked");
    assert!(world.json(&["connections", "list"])["connections"].as_array().unwrap().is_empty());
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);

    assert_eq!(app.end(&world), 0);
    assert_eq!(proxy.end(&world), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revoked_connection_is_told_by_the_server_that_used_it() {
    let world = World::new().await;
    let proxy = world.proxy();
    let app = world.app();
    world.install().await;
    let id = world.json(&["connections", "list"])["connections"][0]["id"].as_str().unwrap().to_owned();
    let revoked = world.json(&["connections", "revoke", &id]);
    assert_eq!(revoked["result"], "revoked");
    let called = world.run(&["call", "sandbox-notes", "whoami"]);
    assert_eq!(called.code, 1, "{}", called.stdout);
    app.end(&world);
    proxy.end(&world);
    world.end().await;
}
