//! The client of the official TypeScript SDK.

use super::{
    Over, Stage,
    stage::{Server, client},
    use_everything, use_reference,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_typescript_sdk_sees_through_the_gateway_what_the_servers_have() {
    let Some(stage) = Stage::set_up(&[Server::Everything, Server::Reference]).await else { return };
    let program = [stage.kit.node.to_str().unwrap().to_owned(), client("typescript.mjs")];
    for over in [Over::Http("mcp"), Over::Bridge(&[])] {
        let seen = stage.seen_by(&program, over, "");
        assert_eq!(seen["server"], "keyferry", "{seen:#}");
        use_everything(&seen);
        use_reference(&seen);
        assert_eq!(seen["updated"], "demo://resource/dynamic/text/1");
        assert_eq!(seen["completed"][0], "Engineering");
        assert_eq!(seen["refused"], -32002);
    }
    let seen = stage.seen_by(&program, Over::Http("mcp/everything"), "");
    assert_eq!(seen["server"], "mcp-servers/everything", "{seen:#}");
    use_everything(&seen);
    assert_eq!(seen["refused"], -32602, "the server's own error: {seen:#}");
    use_reference(&stage.seen_by(&program, Over::Bridge(&["reference"]), ""));
    stage.end().await;
}
