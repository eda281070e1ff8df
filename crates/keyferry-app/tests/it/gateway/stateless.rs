//! MCP 2026-07-28, which has no `initialize` and no sessions.

use std::collections::BTreeMap;

use reqwest::header;
use serde_json::{Value, json};

use super::app_with;
use crate::support::{TestApp, client};

/// What one request is answered: every message of it, in order.
async fn ask(app: &TestApp, path: &str, method: &str, params: Value) -> Vec<Value> {
    ask_as(app, app.app.api_token().expose_secret(), path, method, params).await
}

/// Likewise, as the client with this token.
pub(super) async fn ask_as(
    app: &TestApp,
    token: &str,
    path: &str,
    method: &str,
    mut params: Value,
) -> Vec<Value> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "raw", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} },
        "io.modelcontextprotocol/logLevel": "debug",
        "progressToken": "mine", "traceparent": "00-1-2-01",
    });
    params["_meta"] = meta;
    let name = params["name"].as_str().or(params["uri"].as_str()).map(str::to_owned);
    let mut request = client()
        .post(app.url(path))
        .bearer_auth(token)
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

pub(super) fn result(messages: &[Value]) -> &Value {
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

#[tokio::test]
async fn every_answer_says_that_it_is_whole() {
    let app = app_with(&["alpha"]).await;
    for (method, params) in [
        ("server/discover", json!({})),
        ("tools/list", json!({})),
        ("prompts/list", json!({})),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("tools/call", json!({ "name": "echo", "arguments": {} })),
        ("prompts/get", json!({ "name": "greet", "arguments": { "whom": "Ann" } })),
        ("resources/read", json!({ "uri": "alpha://one" })),
        (
            "completion/complete",
            json!({ "ref": { "type": "ref/prompt", "name": "greet" }, "argument": { "name": "whom", "value": "" } }),
        ),
    ] {
        let answer = ask(&app, "/mcp/alpha", method, params).await;
        assert_eq!(result(&answer)["resultType"], "complete", "{method}: {answer:#?}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn it_hears_of_the_log_while_its_call_is_under_way_and_before_the_answer() {
    let app = app_with(&["alpha", "beta"]).await;
    for (path, tool) in [("/mcp/alpha", "log"), ("/mcp", "alpha__log")] {
        let call = json!({ "name": tool, "arguments": { "level": "debug", "data": "said" } });
        let messages = ask(&app, path, "tools/call", call).await;
        let methods: Vec<_> = messages.iter().map(|message| &message["method"]).collect();
        assert_eq!(methods, [&json!("notifications/message"), &Value::Null], "{messages:#?}");
        assert_eq!(messages[0]["params"]["data"], "said");
        assert_eq!(result(&messages)["content"][0]["text"], "logged");
    }
    app.shutdown().await;
}
