//! What a server asks of its client: it reaches the one whose call is under way, or nobody.

use std::sync::Arc;

use rmcp::model::*;
use serde_json::json;
use tokio::sync::Notify;

use super::{
    app_with,
    client::{Person, TestClient},
};

#[tokio::test]
async fn sampling_elicitation_and_roots_reach_the_client_that_calls() {
    let app = app_with(&["alpha"]).await;
    for path in ["/mcp/alpha", "/mcp"] {
        let tool = |name: &str| if path == "/mcp" { format!("alpha__{name}") } else { name.to_owned() };
        let ann = TestClient::connect(&app, path, Person::named("Ann")).await;
        let bob = TestClient::connect(&app, path, Person::named("Bob")).await;
        let answer = ann.call(&tool("sample"), json!({})).await;
        assert_eq!(answer["result"]["content"]["text"], "Ann says hello", "{answer}");
        let answer = bob.call(&tool("elicit"), json!({})).await;
        assert_eq!(answer["result"]["content"]["name"], "Bob", "{answer}");
        let answer = ann.call(&tool("roots"), json!({})).await;
        assert_eq!(answer["result"]["roots"][0]["uri"], "file:///Ann", "{answer}");
        let offered = ann.call(&tool("seen"), json!({})).await["offered"].clone();
        assert_eq!(
            offered,
            json!({ "roots": { "listChanged": true }, "sampling": {}, "elicitation": { "form": {}, "url": {} } })
        );
        ann.service.notify_roots_list_changed().await.unwrap();
        ann.leave().await;
        bob.leave().await;
    }
    app.shutdown().await;
}

#[tokio::test]
async fn with_two_clients_calling_a_question_reaches_neither() {
    let app = app_with(&["alpha"]).await;
    let ann = TestClient::connect(&app, "/mcp/alpha", Person::named("Ann")).await;
    let bob = TestClient::connect(&app, "/mcp", Person::named("Bob")).await;
    let wait = ClientRequest::CallToolRequest(CallToolRequest::new(CallToolRequestParams::new("wait")));
    let _waiting = ann.service.send_cancellable_request(wait, Default::default()).await.unwrap();
    while bob.call("alpha__seen", json!({})).await["waiting"] != 1 {}
    for tool in ["sample", "elicit", "roots"] {
        let answer = bob.call(&format!("alpha__{tool}"), json!({})).await;
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("several clients are calling at once"), "{message}");
    }
    bob.call("alpha__release", json!({})).await;
    assert_eq!(bob.call("alpha__elicit", json!({})).await["result"]["content"]["name"], "Bob");
    for client in [&ann, &bob] {
        let asked = ["sampling/createMessage", "roots/list"].map(|method| client.person.heard(method).len());
        assert_eq!(asked, [0, 0]);
    }
    assert!(ann.person.heard("elicitation/create").is_empty());
    app.shutdown().await;
}

#[tokio::test]
async fn two_calls_of_one_client_are_no_two_clients() {
    let app = app_with(&["alpha"]).await;
    let ann = TestClient::connect(&app, "/mcp/alpha", Person::named("Ann")).await;
    let wait = ClientRequest::CallToolRequest(CallToolRequest::new(CallToolRequestParams::new("wait")));
    let _waiting = ann.service.send_cancellable_request(wait, Default::default()).await.unwrap();
    assert_eq!(ann.call("elicit", json!({})).await["result"]["content"]["name"], "Ann");
    app.shutdown().await;
}

#[tokio::test]
async fn a_call_of_a_command_is_nobody_who_could_be_asked() {
    let app = app_with(&["alpha"]).await;
    let ann = TestClient::connect(&app, "/mcp/alpha", Person::named("Ann")).await;
    let (_, answer) = app.post("/api/v1/servers/alpha/tools/elicit", json!({})).await;
    let text = answer["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("comes from no client that could be asked"), "{text}");
    assert!(ann.person.heard("elicitation/create").is_empty());
    app.shutdown().await;
}

#[tokio::test]
async fn a_client_is_not_asked_for_what_it_can_not() {
    let app = app_with(&["alpha"]).await;
    let person = Person { can_nothing: true, ..Person::named("Ann") };
    let ann = TestClient::connect(&app, "/mcp/alpha", person).await;
    for (tool, what) in [("sample", "sampling"), ("elicit", "elicitation"), ("roots", "roots")] {
        let answer = ann.call(tool, json!({})).await;
        assert_eq!(answer["error"]["code"], -32601, "{answer}");
        assert!(answer["error"]["message"].as_str().unwrap().contains(what), "{answer}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn the_limit_of_a_call_stands_while_a_person_thinks() {
    let app = crate::support::TestApp::start_with(|settings| {
        settings.server_call_limit = std::time::Duration::from_millis(300);
    })
    .await;
    app.install(&super::everything("alpha")).await;
    let hesitates = Arc::new(Notify::new());
    let person = Person { hesitates: Some(Arc::clone(&hesitates)), ..Person::named("Ann") };
    let ann = TestClient::connect(&app, "/mcp/alpha", person).await;
    let bob = TestClient::connect(&app, "/mcp/alpha", Person::named("Bob")).await;
    let call = ann.call("elicit", json!({}));
    let rest = async {
        ann.person.hears(|told| told["method"] == "elicitation/create").await;
        // Another call has its own limit; when that is over, the first one's would be too.
        let error = bob.refused("wait", json!({})).await;
        assert!(error.message.contains("alpha did not answer the tool \"wait\" within 0.3 s"), "{error:?}");
        hesitates.notify_one();
    };
    let (answer, ()) = tokio::join!(call, rest);
    assert_eq!(answer["result"]["content"]["name"], "Ann");
    app.shutdown().await;
}
