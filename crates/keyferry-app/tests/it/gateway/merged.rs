//! `/mcp`: all servers as one.

use rmcp::model::*;
use serde_json::json;

use super::{
    app_with,
    client::{Person, TestClient},
    everything,
};
use crate::{install::plain, support::TestApp};

#[tokio::test]
async fn the_tools_of_all_servers_are_there_under_names_of_their_own() {
    let app = app_with(&["alpha", "beta.v2"]).await;
    let client = TestClient::new(&app, "/mcp").await;
    assert_eq!(client.service.peer_info().unwrap().server_info.as_ref().unwrap().name, "keyferry");
    let tools = client.tools().await;
    assert!(tools.contains(&"alpha__echo".to_owned()), "{tools:?}");
    let unique: std::collections::BTreeSet<_> = tools.iter().collect();
    assert_eq!(unique.len(), tools.len());
    for tool in &tools {
        assert!(
            tool.len() <= 64
                && tool.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)),
            "{tool}"
        );
    }
    assert_eq!(client.call("alpha__echo", json!({})).await["server"], "alpha");
    let hashed = tools.iter().find(|tool| tool.starts_with("beta_v2__echo_")).unwrap();
    assert_eq!(client.call(hashed, json!({})).await["server"], "beta.v2");
    for unknown in ["nothing", "gamma__echo", "beta_v2__echo_0000000000000000", "__", ""] {
        let error = client.refused(unknown, json!({})).await;
        assert!(error.message.contains("no server"), "{unknown}: {error:?}");
    }
    client.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_resource_keeps_its_uri_where_one_server_knows_it_and_names_its_server_where_two_do() {
    let app = app_with(&["alpha", "beta"]).await;
    let client = TestClient::new(&app, "/mcp").await;
    let mut uris: Vec<_> =
        client.service.list_all_resources().await.unwrap().into_iter().map(|one| one.uri).collect();
    uris.sort_unstable();
    assert_eq!(
        uris,
        ["alpha://one", "beta://one", "keyferry:alpha:shared://both", "keyferry:beta:shared://both"]
    );
    let read = async |uri: &str| {
        let read = client.service.read_resource(ReadResourceRequestParams::new(uri)).await;
        read.map(|read| serde_json::to_value(read).unwrap()["contents"][0].clone())
            .map_err(|error| error.to_string())
    };
    assert_eq!(read("beta://one").await.unwrap()["text"], "beta has beta://one");
    assert_eq!(read("alpha://item/9").await.unwrap()["text"], "alpha has alpha://item/9", "by its template");
    let named = read("keyferry:beta:shared://both").await.unwrap();
    assert_eq!(
        (&named["text"], &named["uri"]),
        (&json!("beta has shared://both"), &json!("keyferry:beta:shared://both"))
    );
    let ambiguous = read("shared://both").await.unwrap_err();
    assert!(ambiguous.contains("keyferry:alpha:shared://both"), "{ambiguous}");
    assert!(read("nobody://has/it").await.unwrap_err().contains("no server lists"));

    client.service.subscribe(SubscribeRequestParams::new("keyferry:beta:shared://both")).await.unwrap();
    client.call("beta__touch", json!({ "uri": "shared://both" })).await;
    client.person.hears(|told| told["params"]["uri"] == "keyferry:beta:shared://both").await;
    client.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn prompts_and_completions_find_their_server() {
    let app = app_with(&["alpha", "beta"]).await;
    let client = TestClient::new(&app, "/mcp").await;
    let names: Vec<_> =
        client.service.list_all_prompts().await.unwrap().into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["alpha__greet", "beta__greet"]);
    let prompt = client.service.get_prompt(GetPromptRequestParams::new("beta__greet")).await.unwrap();
    assert!(serde_json::to_string(&prompt).unwrap().contains("beta greets"));
    assert_eq!(
        client.service.complete_prompt_simple("beta__greet", "whom", "").await.unwrap(),
        ["beta:greet"]
    );
    let completed = client.service.complete_resource_simple("alpha://item/{id}", "id", "").await.unwrap();
    assert_eq!(completed, ["alpha:alpha://item/{id}"]);
    client.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_that_fails_is_left_out_and_the_client_is_told_why() {
    let app = app_with(&["alpha", "beta"]).await;
    // The manifest's command is gone, so to say.
    app.post("/api/v1/servers/beta/stop", json!({})).await;
    let client = TestClient::new(&app, "/mcp").await;
    assert!(client.tools().await.iter().all(|tool| tool.starts_with("alpha__")));
    let error = client.refused("beta__echo", json!({})).await;
    assert!(
        error.message.contains("beta does not run") && error.message.contains("keyferry start beta"),
        "{error:?}"
    );
    app.post("/api/v1/servers/beta/start", json!({})).await;
    client.person.hears(|told| told["method"] == "notifications/tools/list_changed").await;
    assert!(client.tools().await.contains(&"beta__echo".to_owned()));
    client.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_that_can_not_start_keeps_no_other_waiting() {
    let app = app_with(&["alpha"]).await;
    let broken = app.folder.path().join("broken");
    std::fs::write(&broken, "").unwrap();
    let flaky = plain("flaky", &["only-while", broken.to_str().unwrap()]);
    app.install(&flaky).await;
    let client = TestClient::new(&app, "/mcp").await;
    assert!(client.tools().await.contains(&"flaky__echo".to_owned()));
    std::fs::remove_file(&broken).unwrap();
    client.refused("flaky__crash", json!({})).await;
    let client = TestClient::connect(&app, "/mcp", Person::named("Bob")).await;
    let before = tokio::time::Instant::now();
    let error = client.refused("flaky__echo", json!({})).await;
    assert!(error.message.contains("flaky ended at its start"), "{error:?}");
    let tools = client.tools().await;
    assert!(tools.contains(&"alpha__echo".to_owned()));
    assert!(before.elapsed() < std::time::Duration::from_secs(5));
    client.refused("flaky__echo", json!({})).await;
    let error = client.refused("flaky__echo", json!({})).await;
    assert!(error.message.contains("flaky failed 2 times in a row and rests for"), "{error:?}");
    app.shutdown().await;
}

#[tokio::test]
async fn a_client_that_comes_wakes_no_server_whose_tools_are_known() {
    let app = TestApp::start_with(|settings| {
        settings.server_idle_limit = Some(std::time::Duration::from_millis(300));
    })
    .await;
    app.install(&everything("alpha")).await;
    let client = TestClient::new(&app, "/mcp").await;
    assert!(client.tools().await.contains(&"alpha__echo".to_owned()));
    let limit = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    while app.get("/api/v1/servers/alpha").await.1["state"] != "stopped" {
        assert!(tokio::time::Instant::now() < limit, "the idle server was not stopped");
    }
    let other = TestClient::new(&app, "/mcp").await;
    assert!(other.tools().await.contains(&"alpha__echo".to_owned()));
    assert_eq!(app.get("/api/v1/servers/alpha").await.1["state"], "stopped");
    assert_eq!(other.call("alpha__echo", json!({})).await["server"], "alpha");
    app.shutdown().await;
}
