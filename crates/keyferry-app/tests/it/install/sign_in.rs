//! Installs with an account: the real sandbox provider, the real proxy, the real callback.

use keyferry_app::{
    entropy::Entropy,
    home::DataFolder,
    vault::{KeyAccess, Vault},
};
use keyferry_core::id::ConnectionId;
use keyferry_sandbox::{Fault, SandboxConfig, Target};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{plain, with_account};
use crate::support::{World, allow, deny};

/// The environment of the running server.
async fn environment(world: &World, server: &str) -> Value {
    let path = format!("/api/v1/servers/{server}/tools/environment");
    let (status, result) = world.app.post(&path, json!({})).await;
    assert_eq!(status, StatusCode::OK, "{result}");
    serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap()
}

/// Installs with the person allowing access.
async fn install(world: &World, manifest: &Value) -> Value {
    let (_, install) = world.app.begin(manifest).await;
    let install = world.app.waiting_for_person(install).await;
    let page = allow(install["authorization_url"].as_str().unwrap()).await;
    assert!(page.contains("Connected"), "{page}");
    let install = world.app.over(install).await;
    assert_eq!(install["state"], "done", "{install}");
    install
}

#[tokio::test]
async fn the_access_token_reaches_the_server_and_the_refresh_token_does_not() {
    let world = World::start().await;
    let done = install(&world, &with_account("notes", &["echo"])).await;
    assert!(!done.to_string().contains("state="), "{done}");
    let environment = environment(&world, "notes").await;
    let token = environment["SANDBOX_ACCESS_TOKEN"].as_str().unwrap().to_owned();
    assert!(world.sandbox.ledger().contains(&token));
    let others: Vec<_> = world.sandbox.ledger().into_iter().filter(|secret| *secret != token).collect();
    let everything = environment.to_string();
    assert!(others.iter().all(|secret| !everything.contains(secret)));

    let (_, list) = world.app.get("/api/v1/connections").await;
    let connection = &list["connections"][0];
    assert_eq!((&connection["state"], &connection["servers"]), (&json!("active"), &json!(["notes"])));
    assert!(!list.to_string().contains(&token));
    world.end().await;
}

#[tokio::test]
async fn what_the_person_sets_for_a_server_goes_before_what_the_account_gives() {
    let world = World::start().await;
    let mut manifest = with_account("notes", &["echo"]);
    manifest["server"]["env"] = json!({ "SANDBOX_ACCESS_TOKEN": "${user_config.token}", "OTHER": "x" });
    manifest["user_config"] =
        json!({ "token": { "type": "string", "title": "T", "description": "Own", "default": "none" } });
    install(&world, &manifest).await;
    let token = environment(&world, "notes").await["SANDBOX_ACCESS_TOKEN"].as_str().unwrap().to_owned();
    assert!(world.sandbox.ledger().contains(&token), "a default is no word of the person's");
    world.app.delete("/api/v1/servers/notes").await;
    let request = json!({ "manifest": { "inline": manifest }, "settings": { "token": "their-own" } });
    let (_, begun) = world.app.post("/api/v1/installs", request).await;
    let begun = world.app.waiting_for_person(begun).await;
    allow(begun["authorization_url"].as_str().unwrap()).await;
    let done = world.app.over(begun).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(environment(&world, "notes").await["SANDBOX_ACCESS_TOKEN"], "their-own");
    assert!(!done["steps"].to_string().contains("gets SANDBOX_ACCESS_TOKEN"), "{done}");
    world.end().await;
}

#[tokio::test]
async fn what_a_service_does_not_tell_of_an_account_is_said_in_the_story() {
    let world = World::with_more(
        "[account]\nrequest = \"BASE/nobody\"\nlabel = \"/email\"\nmetadata = { team = \"/team\" }\n",
    )
    .await;
    let done = install(&world, &with_account("notes", &["echo"])).await;
    let told = done["steps"][0]["text"].as_str().unwrap();
    assert!(told.contains("It did not tell the account's name, {metadata.team}"), "{told}");
    world.end().await;
}

#[tokio::test]
async fn an_uninstall_revokes_the_grant_with_the_last_server_that_used_it() {
    let world = World::start().await;
    install(&world, &with_account("one", &["echo"])).await;
    let (_, list) = world.app.get("/api/v1/connections").await;
    let id = list["connections"][0]["id"].clone();
    let request = json!({ "manifest": { "inline": with_account("two", &["echo"]) }, "connection": id });
    let (_, second) = world.app.post("/api/v1/installs", request).await;
    let second = world.app.over(second).await;
    assert_eq!(second["state"], "done", "{second}");
    assert_eq!(second["steps"][0]["name"], "connection");

    let (_, report) = world.app.delete("/api/v1/servers/one").await;
    assert_eq!(report["connection"]["result"], "in_use", "{report}");
    assert!(report["connection"]["text"].as_str().unwrap().contains("two"));
    let (_, report) = world.app.delete("/api/v1/servers/two").await;
    assert_eq!(report["connection"]["result"], "revoked", "{report}");
    assert_eq!(world.app.get("/api/v1/connections").await.1["connections"], json!([]));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_servers_that_go_at_once_the_second_takes_the_grant_along() {
    let world = World::start().await;
    install(&world, &with_account("one", &["echo"])).await;
    let (_, list) = world.app.get("/api/v1/connections").await;
    let id = list["connections"][0]["id"].clone();
    let request = json!({ "manifest": { "inline": with_account("two", &["echo"]) }, "connection": id });
    let (_, second) = world.app.post("/api/v1/installs", request).await;
    assert_eq!(world.app.over(second).await["state"], "done");
    let (one, two) =
        tokio::join!(world.app.delete("/api/v1/servers/one"), world.app.delete("/api/v1/servers/two"));
    let mut results = [one, two].map(|(_, report)| report["connection"]["result"].to_string());
    results.sort();
    assert_eq!(results, ["\"in_use\"", "\"revoked\""]);
    assert_eq!(world.app.get("/api/v1/connections").await.1["connections"], json!([]));
    world.end().await;
}

#[tokio::test]
async fn a_person_who_denies_gets_an_install_that_failed_and_may_try_again() {
    let world = World::start().await;
    let manifest = with_account("notes", &["echo"]);
    let (_, first) = world.app.begin(&manifest).await;
    let first = world.app.waiting_for_person(first).await;
    let page = deny(first["authorization_url"].as_str().unwrap()).await;
    assert!(page.contains("Not connected"), "{page}");
    let first = world.app.over(first).await;
    assert_eq!(first["state"], "failed", "{first}");
    assert_eq!(first["error"]["error"], "sign_in_refused", "{first}");
    assert!(first["error"]["hint"].as_str().unwrap().contains("Allow"), "{first}");
    install(&world, &manifest).await;
    world.end().await;
}

#[tokio::test]
async fn a_provider_without_credentials_is_named_with_what_to_set() {
    let world = World::without_credentials().await;
    let (_, install) = world.app.begin(&with_account("notes", &["echo"])).await;
    let install = world.app.over(install).await;
    assert_eq!(install["error"]["error"], "provider_not_configured", "{install}");
    assert!(install["error"]["hint"].as_str().unwrap().contains("SANDBOX_CLIENT_ID"), "{install}");
    world.end().await;
}

#[tokio::test]
async fn a_cancelled_sign_in_takes_its_state_along() {
    let world = World::start().await;
    let (_, install) = world.app.begin(&with_account("notes", &["echo"])).await;
    let install = world.app.waiting_for_person(install).await;
    let (_, over) = world.app.delete(&format!("/api/v1/installs/{}", install["id"].as_str().unwrap())).await;
    assert_eq!(over["error"]["error"], "cancelled", "{over}");
    let page = allow(install["authorization_url"].as_str().unwrap()).await;
    assert!(page.contains("No sign-in waits"), "{page}");
    assert_eq!(world.sandbox.counters().token_requests(), 0);
    world.end().await;
}

#[tokio::test]
async fn no_call_is_made_with_a_token_that_is_about_to_end() {
    let config = SandboxConfig {
        access_token_lifetime: std::time::Duration::from_secs(1),
        ..SandboxConfig::default()
    };
    let world = World::start_with(config, true).await;
    install(&world, &with_account("notes", &["echo"])).await;
    let first = environment(&world, "notes").await["SANDBOX_ACCESS_TOKEN"].clone();
    let mut renewed = first.clone();
    let begun = std::time::Instant::now();
    while renewed == first {
        assert!(begun.elapsed() < std::time::Duration::from_secs(10));
        renewed = environment(&world, "notes").await["SANDBOX_ACCESS_TOKEN"].clone();
    }
    assert!(world.sandbox.ledger().contains(&renewed.as_str().unwrap().to_owned()));
    world.end().await;
}

#[tokio::test]
async fn a_revoked_connection_stops_its_servers_and_says_what_they_need() {
    let world = World::start().await;
    install(&world, &with_account("notes", &["echo"])).await;
    let (_, list) = world.app.get("/api/v1/connections").await;
    let id = list["connections"][0]["id"].as_str().unwrap().to_owned();
    let (status, refreshed) = world.app.post(&format!("/api/v1/connections/{id}/refresh"), json!({})).await;
    assert_eq!((status, &refreshed["refreshable"]), (StatusCode::OK, &json!(true)), "{refreshed}");
    let (_, report) = world.app.delete(&format!("/api/v1/connections/{id}")).await;
    assert_eq!(report["result"], "revoked", "{report}");
    assert_eq!(world.app.get("/api/v1/servers/notes").await.1["state"], "stopped");
    let (status, body) = world.app.post("/api/v1/servers/notes/start", json!({})).await;
    assert_eq!((status, &body["error"]), (StatusCode::CONFLICT, &json!("needs_sign_in")));
    world.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_does_not_lose_a_token_that_is_being_rotated() {
    let world = World::start().await;
    install(&world, &with_account("notes", &["echo"])).await;
    let (_, list) = world.app.get("/api/v1/connections").await;
    let id: ConnectionId = list["connections"][0]["id"].as_str().unwrap().parse().unwrap();
    world.sandbox.faults().once(Target::Token, Fault::Slow { milliseconds: 2_000 });
    let refresh = format!("/api/v1/connections/{id}/refresh");
    let asked = tokio::select! {
        _ = world.app.post(&refresh, json!({})) => false,
        () = async { while world.sandbox.counters().refresh_requests == 0 { tokio::task::yield_now().await } } => true,
    };
    assert!(asked, "the caller has gone away before the reply");
    let folder = world.app.shutdown().await;
    let data = DataFolder::prepare(&folder.path().join("data")).unwrap();
    let vault = Vault::open(&data, &KeyAccess::to_files(), &Entropy::system()).unwrap();
    assert_eq!(vault.connection(&id).await.unwrap().unwrap().generation, 1);
    world.sandbox.shutdown().await;
}

#[tokio::test]
async fn an_account_that_is_not_required_is_asked_for_on_request_alone() {
    let world = World::start().await;
    let mut manifest = plain("maybe", &["echo"]);
    manifest["archestra_config"] = json!({ "oauth": { "provider": "sandbox", "required": false } });
    let done = world.app.install(&manifest).await;
    assert_eq!(done["steps"][0]["name"], "delivery");
    world.app.delete("/api/v1/servers/maybe").await;
    let (_, asked) = world
        .app
        .post("/api/v1/installs", json!({ "manifest": { "inline": manifest }, "auth": "oauth" }))
        .await;
    world.app.waiting_for_person(asked).await;
    world.end().await;
}
