use std::time::Duration;

use keyferry_sandbox::SandboxConfig;

use super::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_is_seen_while_the_page_is_open() {
    let config = SandboxConfig { access_token_lifetime: Duration::from_secs(8), ..SandboxConfig::default() };
    let Some(stage) = Stage::set_with(config).await else { return };
    let tab = stage.tab().await;
    stage.install(&tab).await;
    let id = stage.world.connection();
    tab.go(&stage.at(&format!("/accounts/{id}"))).await;
    tab.until("document.querySelector('time.clock')").await;
    let until = "document.querySelector('time.clock').dateTime";
    let before = tab.value(until).await.unwrap();
    // Nobody touches the page: the keeper refreshes, the stream tells, and the page shows another end and a line more of history.
    tab.until(&format!("{until} > {before}")).await;
    tab.says("Tokens refreshed").await;
    // The clock counts by itself.
    let shown = tab.value("document.querySelector('time.clock').innerText").await.unwrap();
    tab.until(&format!("document.querySelector('time.clock').innerText !== {shown}")).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
    stage.end().await;
}
