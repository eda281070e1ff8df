//! Servers that misbehave behind the gateway.

use serde_json::json;

use super::{app_with, client::TestClient};
use crate::{install::plain, support::TestApp};

#[tokio::test]
async fn what_a_server_says_beside_the_protocol_harms_nobody() {
    let app = app_with(&["alpha"]).await;
    let client = TestClient::new(&app, "/mcp/alpha").await;
    assert_eq!(client.call("again", json!({})).await, "first", "an answer that comes twice counts once");
    assert_eq!(client.call("garbage", json!({})).await, "after garbage");
    assert_eq!(client.call("echo", json!({})).await["server"], "alpha");
    app.shutdown().await;
}

#[tokio::test]
async fn a_message_of_100_mb_ends_its_server_and_no_other() {
    let app = app_with(&["alpha", "beta"]).await;
    let client = TestClient::new(&app, "/mcp").await;
    let error = client.refused("alpha__huge", json!({})).await;
    assert!(error.message.contains("alpha"), "{error:?}");
    assert_eq!(client.call("beta__echo", json!({})).await["server"], "beta");
    assert_eq!(client.call("alpha__echo", json!({})).await["server"], "alpha", "it was started again");
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_that_hangs_gives_an_error_that_names_it_and_is_told_to_stop() {
    let app = TestApp::start_with(|settings| {
        settings.server_call_limit = std::time::Duration::from_millis(300);
    })
    .await;
    app.install(&super::everything("alpha")).await;
    let client = TestClient::new(&app, "/mcp").await;
    let error = client.refused("alpha__wait", json!({})).await;
    assert!(error.message.contains("alpha did not answer"), "{error:?}");
    assert!(error.message.contains("keyferry stop alpha"), "{error:?}");
    assert_eq!(error.data.unwrap()["code"], "call_timed_out");
    while client.call("alpha__seen", json!({})).await["cancelled"].as_array().unwrap().is_empty() {}
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_that_floods_its_log_answers_like_any_other() {
    let app = app_with(&["alpha"]).await;
    app.install(&plain("noisy", &["noisy"])).await;
    let client = TestClient::new(&app, "/mcp").await;
    assert!(client.tools().await.contains(&"noisy__echo".to_owned()));
    assert_eq!(client.call("noisy__echo", json!({ "x": 1 })).await, json!({ "x": 1 }));
    app.shutdown().await;
}
