//! MCP 2026-07-28: what a server asks is the answer to the client's call, and the client calls again with what it was asked.

use std::future::Future;

use reqwest::header;
use serde_json::{Value, json};

use super::{
    app_with, parsed,
    stateless::{ask_as, result},
    two_clients,
};
use crate::support::TestApp;

/// A call, or another round of it with what was asked.
async fn call(app: &TestApp, path: &str, tool: &str, more: Value) -> Vec<Value> {
    call_as(app, app.app.api_token().expose_secret(), path, tool, more).await
}

async fn call_as(app: &TestApp, token: &str, path: &str, tool: &str, more: Value) -> Vec<Value> {
    let mut params = json!({ "name": tool, "arguments": {} });
    for (key, value) in more.as_object().unwrap() {
        params[key] = value.clone();
    }
    ask_as(app, token, path, "tools/call", params).await
}

/// What the client is to be asked: the key, and the question.
fn question(messages: &[Value]) -> (String, Value) {
    let result = result(messages);
    assert_eq!(result["resultType"], "input_required", "{messages:#?}");
    let (key, question) = result["inputRequests"].as_object().unwrap().iter().next().unwrap();
    (key.clone(), question.clone())
}

/// The next round: the answer to the one question.
fn again(messages: &[Value], answer: Value) -> Value {
    json!({ "requestState": result(messages)["requestState"], "inputResponses": { question(messages).0: answer } })
}

fn text(messages: &[Value]) -> Value {
    let result = result(messages);
    assert_eq!(result["resultType"], "complete", "{messages:#?}");
    parsed(result["content"][0]["text"].as_str().unwrap())
}

fn refusal(messages: &[Value]) -> String {
    messages.last().unwrap()["error"]["message"]
        .as_str()
        .unwrap_or_else(|| panic!("{messages:#?}"))
        .to_owned()
}

/// Waits until the server has seen something.
async fn until_seen<F: Future<Output = Value>>(mut look: impl FnMut() -> F, so: impl Fn(&Value) -> bool) {
    let begun = std::time::Instant::now();
    loop {
        let seen = look().await;
        if so(&seen) {
            return;
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(20), "{seen:#}");
    }
}

#[tokio::test]
async fn a_server_that_asks_is_answered_by_the_next_round() {
    let app = app_with(&["alpha"]).await;
    let ann = json!({ "action": "accept", "content": { "name": "Ann" } });
    for (path, tool) in [("/mcp/alpha", "elicit"), ("/mcp", "alpha__elicit")] {
        let first = call(&app, path, tool, json!({})).await;
        let (_, asked) = question(&first);
        assert_eq!(asked["method"], "elicitation/create");
        assert_eq!(asked["params"]["message"], "who are you?");
        let last = call(&app, path, tool, again(&first, ann.clone())).await;
        assert_eq!(text(&last)["result"]["content"]["name"], "Ann", "{last:#?}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_round_without_the_answer_is_asked_again() {
    let app = app_with(&["alpha"]).await;
    let first = call(&app, "/mcp/alpha", "elicit", json!({})).await;
    let empty = json!({ "requestState": result(&first)["requestState"], "inputResponses": { "other": {} } });
    let second = call(&app, "/mcp/alpha", "elicit", empty).await;
    assert_eq!(question(&second), question(&first));
    assert_ne!(
        result(&second)["requestState"],
        result(&first)["requestState"],
        "a name is good for one round"
    );
    let last = call(&app, "/mcp/alpha", "elicit", again(&second, json!({ "action": "decline" }))).await;
    assert_eq!(text(&last)["result"]["action"], "decline", "{last:#?}");
    app.shutdown().await;
}

#[tokio::test]
async fn what_is_no_answer_to_the_question_is_the_servers_to_hear() {
    let app = app_with(&["alpha"]).await;
    let first = call(&app, "/mcp/alpha", "elicit", json!({})).await;
    let last = call(&app, "/mcp/alpha", "elicit", again(&first, json!({ "action": 7 }))).await;
    let error = text(&last)["error"]["message"].as_str().unwrap().to_owned();
    assert!(error.contains("not one to this question"), "{error}");
    app.shutdown().await;
}

#[tokio::test]
async fn a_client_is_not_asked_for_what_it_can_not_do() {
    let app = app_with(&["alpha"]).await;
    let answer = call(&app, "/mcp/alpha", "sample", json!({})).await;
    let error = text(&answer)["error"]["message"].as_str().unwrap().to_owned();
    assert!(error.contains("does not support sampling"), "{error}");
    app.shutdown().await;
}

#[tokio::test]
async fn answers_to_a_call_that_is_over_or_never_was_are_refused() {
    let app = app_with(&["alpha"]).await;
    let first = call(&app, "/mcp/alpha", "elicit", json!({})).await;
    let second = again(&first, json!({ "action": "cancel" }));
    for (tool, path, round) in [
        // Another tool, another endpoint, another name: the call goes on waiting for its own.
        ("echo", "/mcp/alpha", second.clone()),
        ("alpha__elicit", "/mcp", second.clone()),
        ("elicit", "/mcp/alpha", json!({ "requestState": "made-up" })),
    ] {
        let refused = refusal(&call(&app, path, tool, round).await);
        assert!(refused.contains("no call waits for these answers"), "{tool}: {refused}");
    }
    let last = call(&app, "/mcp/alpha", "elicit", second.clone()).await;
    assert_eq!(text(&last)["result"]["action"], "cancel");
    let refused = refusal(&call(&app, "/mcp/alpha", "elicit", second).await);
    assert!(refused.contains("no call waits for these answers"), "{refused}");
    app.shutdown().await;
}

#[tokio::test]
async fn nobody_answers_for_another_client() {
    let (app, cursor, gemini) = two_clients().await;
    app.install(&super::everything("alpha")).await;
    let first = call_as(&app, &cursor, "/mcp/alpha", "elicit", json!({})).await;
    let second = again(&first, json!({ "action": "accept", "content": { "name": "Eve" } }));
    let refused = refusal(&call_as(&app, &gemini, "/mcp/alpha", "elicit", second.clone()).await);
    assert!(refused.contains("no call waits for these answers"), "{refused}");
    let refused = refusal(&call(&app, "/mcp/alpha", "elicit", second.clone()).await);
    assert!(refused.contains("no call waits for these answers"), "{refused}");
    let last = call_as(&app, &cursor, "/mcp/alpha", "elicit", second).await;
    assert_eq!(text(&last)["result"]["content"]["name"], "Eve");
    app.shutdown().await;
}

#[tokio::test]
async fn while_one_call_is_held_a_question_of_another_reaches_nobody() {
    let app = app_with(&["alpha"]).await;
    let first = call(&app, "/mcp/alpha", "elicit", json!({})).await;
    let second = call(&app, "/mcp/alpha", "elicit", json!({})).await;
    let told = text(&second)["error"]["message"].as_str().unwrap().to_owned();
    assert!(told.contains("several clients are calling at once"), "{told}");
    let done = call(&app, "/mcp/alpha", "elicit", again(&first, json!({ "action": "decline" }))).await;
    assert_eq!(text(&done)["result"]["action"], "decline");
    app.shutdown().await;
}

#[tokio::test]
async fn a_call_that_is_held_ends_with_the_app() {
    let app = app_with(&["alpha"]).await;
    let first = call(&app, "/mcp/alpha", "elicit", json!({})).await;
    assert_eq!(question(&first).1["method"], "elicitation/create");
    let begun = std::time::Instant::now();
    app.shutdown().await;
    assert!(begun.elapsed() < std::time::Duration::from_secs(20), "the app waited for a client");
}

#[tokio::test]
async fn a_client_that_leaves_gives_its_call_up() {
    let app = app_with(&["alpha"]).await;
    let request = crate::support::client()
        .post(app.url("/mcp/alpha"))
        .bearer_auth(app.app.api_token().expose_secret())
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", "wait")
        .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "wait", "arguments": {}, "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": {},
            },
        } }));
    let waiting = tokio::spawn(request.send());
    let look = || async { text(&call(&app, "/mcp/alpha", "seen", json!({})).await) };
    until_seen(look, |seen| seen["waiting"] == 1).await;
    waiting.abort();
    until_seen(look, |seen| !seen["cancelled"].as_array().unwrap().is_empty()).await;
    app.shutdown().await;
}
