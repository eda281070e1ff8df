use super::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_is_connected_by_a_click_and_undone_byte_for_byte() {
    let Some(stage) = Stage::set().await else { return };
    let folder = stage.world.path(".cursor");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("mcp.json");
    let before = "{\n  // mine\n  \"mcpServers\": { \"other\": { \"command\": \"x\" } }\n}\n";
    std::fs::write(&file, before).unwrap();
    let tab = stage.tab().await;
    tab.go(&stage.at("/clients/cursor")).await;
    tab.says("\"keyferry\"").await;
    tab.press("Connect").await;
    tab.says("Cursor is connected").await;
    assert!(std::fs::read_to_string(&file).unwrap().contains("bridge"));
    tab.press("Undo").await;
    tab.says("byte for byte").await;
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    stage.end().await;
}
