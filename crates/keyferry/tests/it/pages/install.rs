use super::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_installed_by_clicking_and_its_tool_answers_on_the_page() {
    let Some(stage) = Stage::set().await else { return };
    let tab = stage.tab().await;
    tab.says("Catalog").await;
    tab.fill("#q", "notes").await;
    tab.until("document.querySelectorAll('#cards > li').length === 1").await;
    tab.until("location.search.includes('q=notes')").await;
    tab.press("Sandbox Notes").await;
    tab.says("Change notes").await;
    stage.install(&tab).await;
    tab.until("document.querySelectorAll('.steps .done').length === 4").await;
    tab.picture("install-1280").await;

    tab.press("Try its tools").await;
    tab.press("add_note").await;
    tab.fill("[name='arg.text']", "written on a page").await;
    tab.press("Try it").await;
    tab.until("document.querySelector('.answer')?.innerText.includes('written on a page')").await;
    tab.go(&stage.at("/servers/sandbox-notes/logs")).await;
    tab.until("document.querySelector('#log')").await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
    assert_eq!(stage.world.json(&["list"])["servers"][0]["state"], "running");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_leaves_an_install_and_comes_back_has_lost_nothing() {
    let Some(stage) = Stage::set().await else { return };
    let tab = stage.tab().await;
    tab.go(&stage.at("/catalog/sandbox-notes")).await;
    tab.fill("[name='set.api_url']", &stage.world.sandbox.api_url()).await;
    // What was typed is there again, though nothing was sent.
    tab.go(&stage.at("/servers")).await;
    tab.go(&stage.at("/catalog/sandbox-notes")).await;
    let typed = tab.value("document.querySelector(\"[name='set.api_url']\").value").await.unwrap();
    assert_eq!(typed, stage.world.sandbox.api_url());
    tab.press("Install").await;
    tab.says("waits for you").await;
    tab.go(&stage.at("/servers")).await;
    tab.says("is being installed, and waits for you").await;
    tab.press("Look").await;
    stage.decide(&tab, "Allow").await;
    tab.says("Installed").await;
    stage.end().await;
}
