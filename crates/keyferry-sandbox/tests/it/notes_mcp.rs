//! `sandbox-notes`, spoken to with the official SDK's client.

use keyferry_sandbox::{
    Fault, Sandbox, SandboxSecret, Target,
    notes_mcp::{NotesMcpError, NotesSettings, serve_on},
};
use rmcp::{
    RoleClient, ServiceExt,
    model::{CallToolRequestParams, CallToolResult},
    service::RunningService,
};
use serde_json::json;

use crate::support::*;

pub(crate) async fn connect(sandbox: &Sandbox, access_token: &str) -> RunningService<RoleClient, ()> {
    let (ours, theirs) = tokio::io::duplex(64 * 1024);
    let settings = NotesSettings::new(&sandbox.api_url(), SandboxSecret::new(access_token)).unwrap();
    let (reader, writer) = tokio::io::split(theirs);
    tokio::spawn(async move { serve_on(settings, reader, writer).await.unwrap() });
    ().serve(tokio::io::split(ours)).await.unwrap()
}

pub(crate) async fn call(
    client: &RunningService<RoleClient, ()>,
    tool: &'static str,
    arguments: serde_json::Value,
) -> CallToolResult {
    let arguments = arguments.as_object().unwrap().clone();
    client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap()
}

fn text(result: &CallToolResult) -> &str {
    &result.content[0].as_text().unwrap().text
}

#[tokio::test]
async fn the_tools_work_on_the_account_of_the_token() {
    let sandbox = sandbox().await;
    let client = connect(&sandbox, &tokens(&sandbox).await.access).await;
    let who = call(&client, "whoami", json!({})).await;
    assert_eq!(who.structured_content.unwrap()["name"], "Ada Lovelace");
    let added = call(&client, "add_note", json!({ "text": "Buy an engine — ünïcode" })).await;
    assert_eq!(added.is_error, Some(false));
    let listed = call(&client, "list_notes", json!({})).await;
    assert_eq!(listed.structured_content.unwrap()["notes"][0]["text"], "Buy an engine — ünïcode");
    client.cancel().await.unwrap();
}

#[tokio::test]
async fn the_tools_tell_which_of_them_only_read() {
    let sandbox = sandbox().await;
    let client = connect(&sandbox, "any").await;
    let mut tools = client.list_all_tools().await.unwrap();
    tools.sort_by(|left, right| left.name.cmp(&right.name));
    let hints: Vec<_> = tools
        .iter()
        .map(|tool| (tool.name.as_ref(), tool.annotations.as_ref().unwrap().read_only_hint.unwrap()))
        .collect();
    assert_eq!(hints, [("add_note", false), ("list_notes", true), ("whoami", true)]);
    assert_eq!(client.peer_info().unwrap().server_info.as_ref().unwrap().name, "sandbox-notes");
}

#[tokio::test]
async fn a_dead_token_is_reported_plainly_and_never_shown() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox).await;
    post(&sandbox, "/revoke", &[("token", &tokens.access)]).await;
    let client = connect(&sandbox, &tokens.access).await;
    for (tool, arguments) in
        [("list_notes", json!({})), ("add_note", json!({ "text": "x" })), ("whoami", json!({}))]
    {
        let result = call(&client, tool, arguments).await;
        assert_eq!(result.is_error, Some(true));
        assert_eq!(text(&result), "401: the access token is expired or revoked");
    }
}

#[tokio::test]
async fn other_refusals_are_tool_errors_too() {
    let sandbox = sandbox().await;
    let tokens = tokens_for(&sandbox, "notes:read").await;
    let client = connect(&sandbox, &tokens.access).await;
    let forbidden = call(&client, "add_note", json!({ "text": "x" })).await;
    assert!(forbidden.is_error.unwrap() && text(&forbidden).starts_with("403:"));
    sandbox.faults().once(Target::Api, Fault::Html);
    let garbage = call(&client, "list_notes", json!({})).await;
    assert!(garbage.is_error.unwrap() && text(&garbage).contains("not a JSON object"));
    sandbox.faults().once(Target::Api, Fault::DropBefore);
    let unreachable = call(&client, "list_notes", json!({})).await;
    assert!(!text(&unreachable).contains(&tokens.access));
    assert_eq!(call(&client, "list_notes", json!({})).await.is_error, Some(false));
}

#[tokio::test]
async fn the_server_ends_when_its_client_does() {
    let sandbox = sandbox().await;
    let (ours, theirs) = tokio::io::duplex(1024);
    let settings = NotesSettings::new(&sandbox.api_url(), SandboxSecret::new("any")).unwrap();
    let (reader, writer) = tokio::io::split(theirs);
    let server = tokio::spawn(serve_on(settings, reader, writer));
    let client = ().serve(tokio::io::split(ours)).await.unwrap();
    client.cancel().await.unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_peer_that_does_not_speak_mcp_ends_the_server_with_an_error() {
    use tokio::io::AsyncWriteExt;
    let sandbox = sandbox().await;
    let settings = NotesSettings::new(&sandbox.api_url(), SandboxSecret::new("any")).unwrap();
    let (mut ours, theirs) = tokio::io::duplex(1024);
    let (reader, writer) = tokio::io::split(theirs);
    let server = tokio::spawn(serve_on(settings, reader, writer));
    ours.write_all(b"\xff\x00 not json\n{}\n").await.unwrap();
    drop(ours);
    assert!(matches!(server.await.unwrap(), Err(NotesMcpError::Session(_))));
}
