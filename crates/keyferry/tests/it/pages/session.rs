//! Who may see the pages.

use super::Stage;
use crate::support::link;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_lets_one_browser_in_once_and_a_closed_session_is_closed() {
    let Some(stage) = Stage::set().await else { return };
    let link = link(&stage.world);
    let tab = stage.chromium.tab().await;
    tab.go(&stage.at("/servers")).await;
    tab.says("keyferry open").await;
    tab.go(&link).await;
    tab.says("Catalog").await;
    assert!(!tab.url().await.contains("/open/"), "the code stays in no address");
    tab.go(&link).await;
    tab.says("This link is spent").await;
    // No script can read the cookie.
    tab.go(&stage.at("/settings")).await;
    assert_eq!(tab.value("document.cookie").await.unwrap(), "");
    tab.press("Close these pages").await;
    tab.says("keyferry open").await;
    tab.go(&stage.at("/accounts")).await;
    tab.says("Not open here").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_are_used_with_nothing_but_a_keyboard() {
    let Some(stage) = Stage::set().await else { return };
    let tab = stage.tab().await;
    tab.go(&stage.at("/catalog/sandbox-notes")).await;
    tab.key("Tab").await;
    assert_eq!(tab.value("document.activeElement.innerText").await.unwrap(), "Skip to the content");
    tab.key("Enter").await;
    tab.until("location.hash === '#main'").await;
    // From there to the button, seen at each stop.
    for _ in 0..20 {
        tab.key("Tab").await;
        let seen = "getComputedStyle(document.activeElement).outlineStyle !== 'none'";
        assert_eq!(tab.value(seen).await.unwrap(), true, "a focus that can't be seen");
        if tab.value("document.activeElement.innerText === 'Install'").await.unwrap() == true {
            tab.key("Enter").await;
            tab.says("waits for you").await;
            tab.press("Cancel").await;
            tab.says("Not installed").await;
            stage.end().await;
            return;
        }
    }
    panic!("the button is not reached");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pages_are_read_without_scripts() {
    let Some(stage) = Stage::set().await else { return };
    let tab = stage.tab().await;
    stage.install(&tab).await;
    let account = format!("/accounts/{}", stage.world.connection());
    tab.without_scripts().await;
    for (path, text) in [
        ("/", "Servers"),
        ("/catalog?q=mcp-atlassian", "1 server found"),
        ("/catalog/sooperset__mcp-atlassian", "JIRA_URL"),
        ("/servers", "Sandbox Notes"),
        ("/servers/sandbox-notes", "Running"),
        ("/servers/sandbox-notes/tools", "whoami"),
        ("/servers/sandbox-notes/logs", "Log"),
        ("/accounts", "Sandbox account"),
        (&account, "Sandbox"),
        ("/clients", "Cursor"),
        ("/providers/sandbox", "Token endpoint"),
        ("/settings", "Proxy"),
    ] {
        tab.go(&stage.at(path)).await;
        tab.says(text).await;
    }
    // What searches as one types has a button here, and is a form of its own.
    tab.go(&stage.at("/catalog")).await;
    tab.until("document.querySelector('#search button').checkVisibility()").await;
    tab.value(
        "document.getElementById('q').value = 'mcp-atlassian', document.getElementById('search').submit()",
    )
    .await;
    tab.says("1 server found").await;
    stage.end().await;
}
