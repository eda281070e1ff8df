//! The catalog and its sources at the command line, and the report for whoever helps.

use std::fs;

use serde_json::json;

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_is_added_searched_and_removed_by_its_path() {
    let world = World::new().await;
    let folder = world.path("mine");
    fs::create_dir(&folder).unwrap();
    let manifest = json!({ "name": "acme__notes", "display_name": "Notes of Acme", "category": "Data",
        "server": { "type": "local", "command": "no-such-program", "args": [] } });
    fs::write(folder.join("acme.json"), manifest.to_string()).unwrap();
    fs::write(folder.join("broken.json"), "{").unwrap();

    let added = world.run(&["catalog", "sources", "add", "mine"]);
    assert_eq!(added.code, 0, "{}", added.stderr);
    assert!(added.stdout.contains(&*folder.to_string_lossy()), "{}", added.stdout);
    assert!(added.stderr.contains("broken.json"), "{}", added.stderr);
    // Another command boots another app: it is in the settings.
    let found = world.run(&["catalog", "list", "--search", "ACME notes"]);
    assert!(found.stdout.contains("acme__notes"), "{}", found.stdout);
    let none = world.run(&["catalog", "list", "--search", "acme", "--needs", "account"]);
    assert_eq!(none.stdout, "No manifest fits.\n");
    let shown = world.run(&["catalog", "show", "acme__notes"]);
    assert!(shown.stdout.contains("not as a process: the command"), "{}", shown.stdout);
    let listed = world.json(&["catalog", "sources", "list"]);
    let source = listed["sources"].as_array().unwrap().iter().find(|one| one["kind"] == "folder").unwrap();
    assert_eq!(source["manifests"], 1);

    let unknown = world.run(&["catalog", "sources", "remove", "other"]);
    assert_eq!(unknown.code, 1);
    let removed = world.run(&["catalog", "sources", "remove", "mine"]);
    assert_eq!(removed.code, 0, "{}", removed.stderr);
    assert_eq!(fs::read_to_string(world.path("data/keyferry.toml")).unwrap(), "[catalog]\nsources = []\n");

    let mut command = world.command(&["catalog", "sources", "add", "mine"]);
    command.env("KEYFERRY_CATALOG_SOURCES", "/elsewhere");
    let overruled = world.ran(command.output().unwrap());
    assert_eq!(overruled.code, 1);
    assert!(overruled.stderr.contains("KEYFERRY_CATALOG_SOURCES"), "{}", overruled.stderr);
    world.end().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_report_is_written_for_its_owner_alone_and_over_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    let proxy = world.proxy();
    assert_eq!(world.install().await.code, 0);
    let written = world.run(&["diagnostics", "--out", "report.json"]);
    assert_eq!(written.code, 0, "{}", written.stderr);
    let file = world.path("report.json");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&file).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["servers"][0]["name"], "sandbox-notes");
    world.note(&text);
    let again = world.run(&["diagnostics", "--out", "report.json"]);
    assert_eq!(again.code, 1);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
    let printed = world.json(&["diagnostics"]);
    assert_eq!(printed["connections"][0]["provider"], "sandbox");
    assert_eq!(proxy.end(&world), 0);
    world.end().await;
}
