//! Installs that come to nothing at first.

use super::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_setting_is_said_beside_its_field_and_what_was_typed_stays() {
    let manifest = serde_json::json!({
        "name": "files", "display_name": "Files",
        "user_config": {
            "folder": { "type": "directory", "title": "Folder", "required": true },
            "key": { "type": "string", "title": "Key", "required": true, "sensitive": true },
        },
        "server": { "type": "local", "command": "keyferry", "args": ["sandbox", "notes", "${user_config.folder}"],
            "env": { "SANDBOX_ACCESS_TOKEN": "${user_config.key}" } },
    });
    let Some(stage) = Stage::set_with_manifests(&[manifest]).await else { return };
    let tab = stage.tab().await;
    tab.go(&stage.at("/catalog/files")).await;
    tab.fill("[name='set.folder']", "/no/such/folder").await;
    tab.fill("[name='set.key']", "hunter2-is-a-secret").await;
    tab.press("Install").await;
    tab.says("there is no directory at this path").await;
    let kept = tab.value("document.querySelector(\"[name='set.folder']\").value").await.unwrap();
    assert_eq!(kept, "/no/such/folder");
    let shown = tab.value("document.documentElement.outerHTML").await.unwrap();
    assert!(!shown.as_str().unwrap().contains("hunter2"), "a secret comes back");
    assert_eq!(tab.value("document.querySelector('[aria-invalid]').name").await.unwrap(), "set.folder");
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denied_sign_in_says_so_and_a_retry_goes_through() {
    let Some(stage) = Stage::set().await else { return };
    let tab = stage.tab().await;
    stage.begin(&tab).await;
    stage.decide(&tab, "Deny").await;
    tab.says("Not installed").await;
    tab.says("Try again").await;
    tab.picture("denied-1280").await;
    tab.press("Try again").await;
    stage.decide(&tab, "Allow").await;
    tab.says("Installed").await;
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_with_other_settings_goes_on_with_the_account_that_was_allowed() {
    let Some(stage) = Stage::set().await else { return };
    let tab = stage.tab().await;
    tab.go(&stage.at("/catalog/sandbox-notes")).await;
    // Nothing listens there: the server starts, and ends at once or has no use; a text that is no address stops it before.
    tab.fill("[name='set.api_url']", "not an address").await;
    tab.press("Install").await;
    stage.decide(&tab, "Allow").await;
    tab.says("Not installed").await;
    tab.press("Change the settings").await;
    tab.until("document.querySelector(\"[name='set.api_url']\")").await;
    let kept = tab.value("document.querySelector(\"[name='set.api_url']\").value").await.unwrap();
    assert_eq!(kept, "not an address");
    tab.until("document.querySelectorAll('.choice').length === 2").await;
    tab.fill("[name='set.api_url']", &stage.world.sandbox.api_url()).await;
    tab.click(".choice:first-of-type input").await;
    tab.press("Install").await;
    tab.says("Installed").await;
    assert_eq!(stage.world.connections().len(), 1, "no second sign-in");
    stage.end().await;
}
