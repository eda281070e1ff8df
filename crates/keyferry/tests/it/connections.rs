//! `keyferry connections` and `keyferry audit`, as a person uses them.

use crate::support::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_added_named_signed_in_to_again_and_its_history_told() {
    let world = World::new().await;
    let proxy = world.proxy();
    let app = world.app();
    let ran = world.install_as(&["connections", "add", "sandbox", "--json"], true).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let added: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let id = added["id"].as_str().unwrap();

    assert_eq!(world.json(&["connections", "relabel", id, "my notes"])["label"], "my notes");
    let ran = world.install_as(&["connections", "sign-in", id], true).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("my notes") && ran.stdout.contains("good; refreshed by itself from 20"));
    let ran = world.install_as(&["connections", "sign-in", id], false).await;
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("choose Allow"), "{}", ran.stderr);

    let list = world.run(&["connections", "list"]).stdout;
    let (heads, row) = list.split_once('\n').unwrap();
    for head in ["SERVICE", "ACCOUNT", "HEALTH", "EXPIRES", "REFRESHED", "USED BY", "SCOPES"] {
        assert!(heads.contains(head), "{heads}");
    }
    for shown in [id, "my notes", "good", "notes:read notes:write offline_access"] {
        assert!(row.contains(shown), "{shown} in {row}");
    }
    let history = world.run(&["connections", "history", id]).stdout;
    let told: Vec<_> = history.lines().skip(1).map(|line| line[22..].trim_end()).collect();
    assert!(told[0].starts_with("connected"), "{history}");
    assert_eq!(told[1..], ["relabelled", "connected again"], "{history}");
    let ran = world.run(&["audit", "verify"]);
    assert_eq!(ran.stdout, "The log is whole: all 3 lines are as they were written.\n");

    // Whoever has the file and no key gets no line past it.
    let database = rusqlite::Connection::open(world.path("data/vault.db")).unwrap();
    let meddle = "DROP TRIGGER audit_is_not_changed; UPDATE audit SET event = 'refreshed' WHERE number = 2";
    database.execute_batch(meddle).unwrap();
    drop(database);
    let ran = world.run(&["audit", "verify"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("not what was written from line 2 on"), "{}", ran.stderr);
    assert_eq!(world.json(&["connections", "show", id])["health"], "good", "the connection itself is sealed");

    app.end(&world);
    proxy.end(&world);
    world.end().await;
}
