use super::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_uninstall_says_first_what_is_revoked_and_then_revokes_it() {
    let Some(stage) = Stage::set().await else { return };
    let tab = stage.tab().await;
    stage.install(&tab).await;
    tab.go(&stage.at("/servers/sandbox-notes")).await;
    tab.press("Uninstall…").await;
    tab.says("is revoked: the service ends the access").await;
    tab.picture("uninstall-1280").await;
    assert_eq!(stage.world.sandbox.counters().revocation_requests, 0, "asked, and not done");
    tab.press("Uninstall").await;
    tab.says("sandbox-notes is uninstalled").await;
    tab.says("No server yet").await;
    assert!(stage.world.sandbox.counters().revocation_requests > 0);
    assert!(stage.world.connections().is_empty());
    stage.end().await;
}
