//! FastMCP's client.

use super::{
    Over, Stage,
    stage::{Server, client},
    use_everything, use_reference,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fastmcp_sees_through_the_gateway_what_the_servers_have() {
    let Some(stage) = Stage::set_up(&[Server::Everything, Server::Reference]).await else { return };
    let program = [stage.kit.python.to_str().unwrap().to_owned(), client("fastmcp_client.py")];
    for (over, mode, protocol) in
        [(Over::Http("mcp"), "auto", "2026-07-28"), (Over::Bridge(&[]), "legacy", "2025-11-25")]
    {
        let seen = stage.seen_by(&program, over, mode);
        assert_eq!(seen["protocol"], protocol, "{seen:#}");
        use_everything(&seen);
        use_reference(&seen);
    }
    use_everything(&stage.seen_by(&program, Over::Http("mcp/everything"), "legacy"));
    stage.end().await;
}
