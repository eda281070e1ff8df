//! `keyferry connect`, as a person uses it.

use std::fs;

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_connected_shown_and_disconnected_and_no_secret_is_in_its_file() {
    let world = World::new().await;
    let file = world.path(".cursor/mcp.json");
    let ran = world.run(&["connect", "cursor"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("--print"), "{}", ran.stderr);

    fs::create_dir(world.path(".cursor")).unwrap();
    fs::write(&file, "{\n  \"mcpServers\": {}\n}\n").unwrap();
    let printed = world.run(&["connect", "cursor", "--print"]);
    assert!(printed.stdout.contains("\"bridge\"") && printed.stderr.contains("mcp.json"));
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\n  \"mcpServers\": {}\n}\n", "nothing was written");

    let ran = world.run(&["connect", "cursor"]);
    assert!(ran.stdout.starts_with("Cursor is connected: "), "{}{}", ran.stdout, ran.stderr);
    let written: serde_json::Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    let entry = &written["mcpServers"]["keyferry"];
    assert_eq!(entry["args"], serde_json::json!(["bridge", "--client", "cursor"]));
    assert_eq!(entry["env"]["KEYFERRY_HOME"], *world.path("data").to_string_lossy());
    let token = fs::read_to_string(world.path("data/clients/cursor.token")).unwrap();
    assert!(!written.to_string().contains(token.trim()));
    assert!(
        world
            .run(&["connect"])
            .stdout
            .lines()
            .any(|line| line.starts_with("cursor") && line.contains("connected"))
    );
    let ran = world.run(&["connect", "cursor", "--server", "nothing"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("no server `nothing`"), "{}", ran.stderr);

    let ran = world.run(&["connect", "cursor", "--remove"]);
    assert!(ran.stdout.contains("is what it was before"), "{}{}", ran.stdout, ran.stderr);
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\n  \"mcpServers\": {}\n}\n");
    assert!(!world.path("data/clients/cursor.token").exists());
    let ran = world.run(&["connect", "emacs"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("emacs"), "{}", ran.stderr);
    world.end().await;
}
