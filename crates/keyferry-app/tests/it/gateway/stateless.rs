//! MCP 2026-07-28, which has no `initialize` and no sessions.

use std::collections::BTreeMap;

use reqwest::header;
use serde_json::{Value, json};

use super::{app_with, app_with_home, everything, token};
use crate::support::{TestApp, client};

/// What one request is answered: every message of it, in order.
async fn ask(app: &TestApp, path: &str, method: &str, params: Value) -> Vec<Value> {
    ask_as(app, None, path, method, params).await
}

/// The same, by a client with a token of its own.
async fn ask_as(
    app: &TestApp,
    token: Option<&str>,
    path: &str,
    method: &str,
    mut params: Value,
) -> Vec<Value> {
    let progress_token = params.as_object_mut().unwrap().remove("token").unwrap_or(json!("mine"));
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
        "io.modelcontextprotocol/logLevel": "debug",
        "progressToken": progress_token, "traceparent": "00-1-2-01",
    });
    params["_meta"] = meta;
    let name = params["name"].as_str().or(params["uri"].as_str()).map(str::to_owned);
    let mut request = client()
        .post(app.url(path))
        .bearer_auth(token.unwrap_or(app.app.api_token().expose_secret()))
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method)
        .json(&json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }));
    if let Some(name) = name {
        request = request.header("mcp-name", name);
    }
    let response = request.send().await.unwrap();
    assert!(!response.headers().contains_key("mcp-session-id"));
    let text = response.text().await.unwrap();
    if let Ok(one) = serde_json::from_str(&text) {
        return vec![one];
    }
    let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.filter_map(|data| serde_json::from_str(data.trim()).ok()).collect()
}

fn result(messages: &[Value]) -> &Value {
    let last = messages.last().unwrap();
    assert_eq!(last["id"], 7, "{messages:#?}");
    assert!(last["error"].is_null(), "{messages:#?}");
    &last["result"]
}

#[tokio::test]
async fn a_client_without_a_session_discovers_lists_and_calls() {
    let app = app_with(&["alpha", "beta"]).await;
    let discovered = ask(&app, "/mcp", "server/discover", json!({})).await;
    let versions = result(&discovered)["supportedVersions"].as_array().unwrap();
    assert!(
        versions.contains(&json!("2026-07-28")) && versions.contains(&json!("2024-11-05")),
        "{versions:?}"
    );
    let discovered = ask(&app, "/mcp/alpha", "server/discover", json!({})).await;
    assert_eq!(result(&discovered)["instructions"], "Has everything.");

    let listed = ask(&app, "/mcp", "tools/list", json!({})).await;
    let names: Vec<_> = result(&listed)["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"beta__echo"), "{names:?}");
    let called =
        ask(&app, "/mcp", "tools/call", json!({ "name": "beta__echo", "arguments": { "x": 1 } })).await;
    let text: BTreeMap<String, Value> =
        serde_json::from_str(result(&called)["content"][0]["text"].as_str().unwrap()).unwrap();
    assert_eq!((&text["server"], &text["arguments"]), (&json!("beta"), &json!({ "x": 1 })));
    let meta = text["meta"].as_object().unwrap();
    assert_eq!(meta["traceparent"], "00-1-2-01");
    assert!(meta.keys().all(|key| !key.starts_with("io.modelcontextprotocol/")), "{meta:?}");
    let read = ask(&app, "/mcp", "resources/read", json!({ "uri": "alpha://one" })).await;
    assert_eq!(result(&read)["contents"][0]["text"], "alpha has alpha://one");
    app.shutdown().await;
}

#[tokio::test]
async fn its_progress_comes_on_the_answer_of_its_call() {
    let app = app_with(&["alpha"]).await;
    let messages =
        ask(&app, "/mcp/alpha", "tools/call", json!({ "name": "progress", "arguments": { "steps": 5 } }))
            .await;
    let steps: Vec<_> = messages.iter().filter(|one| one["method"] == "notifications/progress").collect();
    assert_eq!(
        steps.iter().map(|step| step["params"]["progress"].as_f64().unwrap() as u64).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4]
    );
    assert!(steps.iter().all(|step| step["params"]["progressToken"] == "mine"), "{steps:#?}");
    assert_eq!(result(&messages)["content"][0]["text"], "progressed");
    app.shutdown().await;
}

/// A call that the server answers with a question. The question, under its key, and the state to send along.
async fn asked(app: &TestApp, path: &str, tool: &str) -> (String, Value, Value) {
    let asked = ask(app, path, "tools/call", json!({ "name": tool, "arguments": {} })).await;
    let asked = result(&asked);
    assert_eq!(asked["resultType"], "input_required", "{asked}");
    let (key, question) = asked["inputRequests"].as_object().unwrap().iter().next().unwrap();
    (key.clone(), question.clone(), asked["requestState"].clone())
}

/// The call's next round.
fn again(tool: &str, state: &Value, responses: &Value) -> Value {
    json!({ "name": tool, "arguments": {}, "requestState": state, "inputResponses": responses })
}

#[tokio::test]
async fn a_servers_question_is_the_answer_of_its_call_and_the_call_is_made_anew_with_what_the_person_says() {
    let app = app_with(&["alpha"]).await;
    for (path, tool) in [("/mcp/alpha", "elicit"), ("/mcp", "alpha__elicit")] {
        let (key, question, state) = asked(&app, path, tool).await;
        assert_eq!(question["method"], "elicitation/create");
        assert_eq!(question["params"]["message"], "who are you?");
        let responses = json!({ key: { "action": "accept", "content": { "name": "Ann" } } });
        let answered = ask(&app, path, "tools/call", again(tool, &state, &responses)).await;
        let text = result(&answered)["content"][0]["text"].as_str().unwrap();
        let told: Value = serde_json::from_str(text).unwrap();
        assert_eq!(told["result"]["content"]["name"], "Ann", "{told}");
        // Answered once, it is over.
        let spent = ask(&app, path, "tools/call", again(tool, &state, &responses)).await;
        let message = spent.last().unwrap()["error"]["message"].as_str().unwrap();
        assert!(message.contains("no call waits for this answer"), "{message}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn progress_after_an_answer_is_told_under_the_token_of_the_round() {
    let app = app_with(&["alpha"]).await;
    let (key, _, state) = asked(&app, "/mcp/alpha", "elicit-slowly").await;
    let mut params = again("elicit-slowly", &state, &json!({ key: { "action": "decline" } }));
    params["token"] = json!("of-round-two");
    let messages = ask(&app, "/mcp/alpha", "tools/call", params).await;
    let tokens: Vec<_> = messages
        .iter()
        .filter(|message| message["method"] == "notifications/progress")
        .map(|message| message["params"]["progressToken"].clone())
        .collect();
    assert_eq!(tokens, [json!("of-round-two"), json!("of-round-two")], "{messages:#?}");
    assert!(result(&messages)["content"][0]["text"].as_str().unwrap().contains("decline"));
    app.shutdown().await;
}

#[tokio::test]
async fn nobody_else_finds_a_call_that_waits_and_neither_does_another_call() {
    let app = app_with_home().await;
    for name in ["alpha", "beta"] {
        app.install(&everything(name)).await;
    }
    let (key, _, state) = asked(&app, "/mcp/alpha", "elicit").await;
    let responses = json!({ key: { "action": "decline" } });
    let other = token(&app, "cursor").await;
    for (token, path, tool, state) in [
        (Some(other.as_str()), "/mcp/alpha", "elicit", state.clone()),
        (None, "/mcp/beta", "elicit", state.clone()),
        (None, "/mcp/alpha", "sample", state.clone()),
        (None, "/mcp/alpha", "elicit", json!("0123456789abcdef0123456789abcdef")),
        (None, "/mcp/alpha", "elicit", json!("<script>")),
    ] {
        let refused = ask_as(&app, token, path, "tools/call", again(tool, &state, &responses)).await;
        let message = refused.last().unwrap()["error"]["message"].as_str().unwrap();
        assert!(message.contains("no call waits for this answer"), "{message}");
    }
    let answered = ask(&app, "/mcp/alpha", "tools/call", again("elicit", &state, &responses)).await;
    assert!(result(&answered)["content"][0]["text"].as_str().unwrap().contains("decline"));
    app.shutdown().await;
}

#[tokio::test]
async fn a_server_is_told_what_such_a_client_can_not_do_or_did_not_answer() {
    let app = app_with(&["alpha"]).await;
    let said = |messages: Vec<Value>| result(&messages)["content"][0]["text"].as_str().unwrap().to_owned();
    let sample = ask(&app, "/mcp/alpha", "tools/call", json!({ "name": "sample", "arguments": {} })).await;
    assert!(said(sample).contains("does not support sampling"));
    let (_, _, state) = asked(&app, "/mcp/alpha", "elicit").await;
    let silent = ask(&app, "/mcp/alpha", "tools/call", again("elicit", &state, &json!({}))).await;
    assert!(said(silent).contains("the client gave no answer"));
    let (key, _, state) = asked(&app, "/mcp/alpha", "elicit").await;
    let nonsense = json!({ key: { "action": "perhaps" } });
    let nonsense = ask(&app, "/mcp/alpha", "tools/call", again("elicit", &state, &nonsense)).await;
    assert!(said(nonsense).contains("the client's answer is none to this question"));
    app.shutdown().await;
}
