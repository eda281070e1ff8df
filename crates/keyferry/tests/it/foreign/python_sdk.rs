//! The client of the official Python SDK, in both of its ways: it prefers the version of the protocol without sessions.

use super::{
    Over, Stage,
    stage::{Server, client},
    use_everything, use_reference,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_python_sdk_sees_through_the_gateway_what_the_servers_have() {
    let Some(stage) = Stage::set_up(&[Server::Everything, Server::Reference]).await else { return };
    let program = [stage.kit.python.to_str().unwrap().to_owned(), client("python_sdk.py")];
    for (over, mode, protocol) in [
        (Over::Http("mcp"), "auto", "2026-07-28"),
        (Over::Http("mcp"), "legacy", "2025-11-25"),
        (Over::Bridge(&[]), "auto", "2026-07-28"),
    ] {
        let seen = stage.seen_by(&program, over, mode);
        assert_eq!(seen["protocol"], protocol, "{seen:#}");
        use_everything(&seen);
        use_reference(&seen);
        assert_eq!(seen["updated"], "demo://resource/dynamic/text/1");
        assert_eq!(seen["completed"][0], "Engineering");
        assert!(seen["refused"].is_i64(), "{seen:#}");
    }
    use_everything(&stage.seen_by(&program, Over::Http("mcp/everything"), "auto"));
    use_reference(&stage.seen_by(&program, Over::Bridge(&["reference"]), "legacy"));
    stage.end().await;
}
