//! `/mcp/SERVER`: one server, as it is.

use rmcp::model::*;
use serde_json::{Value, json};

use super::{
    app_with,
    client::{Person, TestClient},
};

#[tokio::test]
async fn a_client_sees_the_server_as_if_it_were_connected_to_it() {
    let app = app_with(&["alpha"]).await;
    let client = TestClient::new(&app, "/mcp/alpha").await;
    let info = client.service.peer_info().unwrap();
    assert_eq!(info.server_info.as_ref().unwrap().name, "everything");
    assert_eq!(info.instructions.as_deref(), Some("Has everything."));
    assert!(client.tools().await.contains(&"echo".to_owned()));
    let echoed = client.call("echo", json!({ "a": [1, { "b": null }] })).await;
    assert_eq!(
        (&echoed["server"], &echoed["arguments"]),
        (&json!("alpha"), &json!({ "a": [1, { "b": null }] }))
    );

    let resources = client.service.list_all_resources().await.unwrap();
    assert_eq!(resources[0].uri, "alpha://one");
    let templates = client.service.list_all_resource_templates().await.unwrap();
    assert_eq!(templates[0].uri_template, "alpha://item/{id}");
    let read = client.service.read_resource(ReadResourceRequestParams::new("alpha://item/7")).await.unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap()["contents"][0]["text"], "alpha has alpha://item/7");
    assert_eq!(client.service.list_all_prompts().await.unwrap()[0].name, "greet");
    let params = GetPromptRequestParams::new("greet")
        .with_arguments(json!({ "whom": "Bob" }).as_object().unwrap().clone());
    let prompt = client.service.get_prompt(params).await.unwrap();
    assert!(serde_json::to_string(&prompt).unwrap().contains("alpha greets"), "{prompt:?}");
    let completed = client.service.complete_prompt_simple("greet", "whom", "B").await.unwrap();
    assert_eq!(completed, ["alpha:greet"]);
    let custom = CustomRequest::new("custom/echo", Some(json!({ "x": 1 })));
    let custom = client.service.send_request(ClientRequest::CustomRequest(custom)).await.unwrap();
    assert_eq!(serde_json::to_value(custom).unwrap()["custom"]["x"], 1);
    client.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn an_error_of_the_server_arrives_word_for_word() {
    let app = app_with(&["alpha"]).await;
    let client = TestClient::new(&app, "/mcp/alpha").await;
    let error = client.refused("nothing", json!({})).await;
    assert_eq!((error.code.0, error.message.as_ref()), (-32602, "no tool nothing"));
    assert_eq!(error.data, Some(json!({ "own": true })));
    client.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn progress_comes_in_order_under_the_clients_own_token_and_before_the_answer() {
    let app = app_with(&["alpha"]).await;
    let client = TestClient::new(&app, "/mcp/alpha").await;
    assert_eq!(client.call("progress", json!({ "steps": 20 })).await, "progressed");
    client.person.hears(|told| told["params"]["progress"] == json!(19.0)).await;
    let reports = client.person.heard("notifications/progress");
    let mut steps: Vec<_> =
        reports.iter().map(|report| report["params"]["progress"].as_f64().unwrap() as u64).collect();
    steps.sort_unstable();
    assert_eq!(steps, (0..20).collect::<Vec<_>>());
    let tokens: std::collections::BTreeSet<_> =
        reports.iter().map(|report| report["params"]["progressToken"].to_string()).collect();
    assert_eq!(tokens.len(), 1);
    client.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_cancelled_call_is_cancelled_at_the_server_and_at_no_other_call() {
    let app = app_with(&["alpha"]).await;
    let ann = TestClient::new(&app, "/mcp/alpha").await;
    let bob = TestClient::connect(&app, "/mcp/alpha", Person::named("Bob")).await;
    // The first requests of both have the same ids.
    let wait = || ClientRequest::CallToolRequest(CallToolRequest::new(CallToolRequestParams::new("wait")));
    let of_ann = ann.service.send_cancellable_request(wait(), Default::default()).await.unwrap();
    let of_bob = bob.service.send_cancellable_request(wait(), Default::default()).await.unwrap();
    assert_eq!(of_ann.id, of_bob.id);
    until(&ann, |seen| seen["waiting"] == 2).await;
    of_ann.cancel(Some("changed my mind".to_owned())).await.unwrap();
    until(&ann, |seen| seen["cancelled"].as_array().unwrap().len() == 1).await;
    bob.call("release", json!({})).await;
    let released = serde_json::to_value(of_bob.await_response().await.unwrap()).unwrap();
    assert_eq!(released["content"][0]["text"], "released");
    ann.leave().await;
    bob.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn the_calls_of_a_client_that_leaves_are_cancelled() {
    let app = app_with(&["alpha"]).await;
    let ann = TestClient::new(&app, "/mcp/alpha").await;
    let bob = TestClient::connect(&app, "/mcp/alpha", Person::named("Bob")).await;
    let wait = ClientRequest::CallToolRequest(CallToolRequest::new(CallToolRequestParams::new("wait")));
    let _pending = ann.service.send_cancellable_request(wait, Default::default()).await.unwrap();
    until(&bob, |seen| seen["waiting"] == 1).await;
    ann.leave().await;
    until(&bob, |seen| seen["cancelled"].as_array().unwrap().len() == 1).await;
    bob.leave().await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_change_of_a_list_and_of_a_resource_is_told_to_those_whom_it_concerns() {
    let app = app_with(&["alpha", "beta"]).await;
    let ann = TestClient::new(&app, "/mcp/alpha").await;
    let bob = TestClient::connect(&app, "/mcp/beta", Person::named("Bob")).await;
    let eve = TestClient::connect(&app, "/mcp/alpha", Person::named("Eve")).await;
    ann.service.subscribe(SubscribeRequestParams::new("alpha://one")).await.unwrap();
    eve.service.subscribe(SubscribeRequestParams::new("alpha://one")).await.unwrap();
    assert_eq!(eve.call("seen", json!({})).await["subscriptions"], json!(["alpha://one"]), "told once");
    eve.service.unsubscribe(UnsubscribeRequestParams::new("alpha://one")).await.unwrap();
    ann.call("touch", json!({ "uri": "alpha://one" })).await;
    ann.person
        .hears(|told| {
            told["method"] == "notifications/resources/updated" && told["params"]["uri"] == "alpha://one"
        })
        .await;
    ann.call("change", json!({})).await;
    eve.person.hears(|told| told["method"] == "notifications/tools/list_changed").await;
    assert!(ann.tools().await.contains(&"added".to_owned()));
    assert!(eve.person.heard("notifications/resources/updated").is_empty());
    assert!(bob.person.heard("notifications/tools/list_changed").is_empty());
    ann.leave().await;
    until(&eve, |seen| seen["subscriptions"] == json!([])).await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_client_hears_what_it_asked_for_though_another_wants_more() {
    let app = app_with(&["alpha"]).await;
    let ann = TestClient::new(&app, "/mcp/alpha").await;
    let bob = TestClient::connect(&app, "/mcp/alpha", Person::named("Bob")).await;
    ann.service.set_level(SetLevelRequestParams::new(LoggingLevel::Debug)).await.unwrap();
    bob.service.set_level(SetLevelRequestParams::new(LoggingLevel::Error)).await.unwrap();
    assert_eq!(ann.call("seen", json!({})).await["level"], "debug");
    bob.call("log", json!({ "level": "debug", "data": "small" })).await;
    bob.call("log", json!({ "level": "alert", "data": "large" })).await;
    ann.person.hears(|told| told["params"]["data"] == "small").await;
    bob.person.hears(|told| told["params"]["data"] == "large").await;
    assert!(!bob.person.heard("notifications/message").iter().any(|told| told["params"]["data"] == "small"));
    app.shutdown().await;
}

#[tokio::test]
async fn a_restarted_server_is_told_again_what_it_was_told_before() {
    let app = app_with(&["alpha"]).await;
    let client = TestClient::new(&app, "/mcp/alpha").await;
    client.service.set_level(SetLevelRequestParams::new(LoggingLevel::Notice)).await.unwrap();
    client.service.subscribe(SubscribeRequestParams::new("alpha://one")).await.unwrap();
    let error = client.refused("crash", json!({})).await;
    assert!(error.message.contains("alpha stopped while it was asked for the tool \"crash\""), "{error:?}");
    assert!(error.message.contains("keyferry logs alpha"), "{error:?}");
    until(&client, |seen| seen["level"] == "notice" && seen["subscriptions"] == json!(["alpha://one"])).await;
    app.shutdown().await;
}

/// Asks the server what it has seen, until it has seen that.
async fn until(client: &TestClient, is_it: impl Fn(&Value) -> bool) {
    let limit = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let seen = client.call("seen", json!({})).await;
        if is_it(&seen) {
            return;
        }
        assert!(tokio::time::Instant::now() < limit, "{seen:#}");
        tokio::task::yield_now().await;
    }
}
