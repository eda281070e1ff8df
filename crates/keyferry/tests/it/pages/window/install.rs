//! Installs whose account is signed in to in a window, by clicking.

use serde_json::Value;

use super::Scene;
use crate::support::{TOKEN, Tab};

/// The tool's answer, which must hold what the window read.
async fn answers(scene: &Scene, tab: &Tab) {
    tab.press("Try its tools").await;
    tab.press("environment").await;
    tab.press("Try it").await;
    let token = Value::from(format!("\"ACME_TOKEN\":\"{TOKEN}\""));
    let answer = "document.querySelector('.answer')?.innerText.replaceAll('\\\\', '').replaceAll(' ', '')";
    tab.until(&format!("{answer}?.includes({token})")).await;
    assert!(scene.acme.is_quiet(), "nobody was even connected to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_account_needs_a_window_is_installed_by_clicking_until_its_tool_answers() {
    let Some(scene) = Scene::set().await else { return };
    let (tab, stage) = (scene.stage.tab().await, &scene.stage);
    tab.go(&stage.at("/catalog/acme-notes")).await;
    for text in ["session token", "no scopes", "ACME_TOKEN", "auth_token", "say nothing of programs"] {
        tab.says(text).await;
    }
    scene.looks(&tab, "consent").await;
    // Without a yes the form does not leave.
    tab.press("Install").await;
    tab.until("document.querySelector('[name=agreed]:invalid')").await;
    assert_eq!(tab.value("location.pathname").await.unwrap(), "/catalog/acme-notes");
    tab.click("[name=agreed]").await;
    tab.press("Install").await;

    tab.says("Sign in in the window that has opened").await;
    scene.acme.asks().await;
    scene.display.picture("window-at-the-login-page");
    scene.looks(&tab, "waits").await;
    scene.acme.fill(&scene.display).await;
    scene.display.picture("window-at-the-identity-provider");
    // A frame of that page is none of the listed hosts.
    tab.says(&scene.acme.foreigner()).await;
    tab.says("in a frame of the page").await;
    scene.looks(&tab, "refused-frame").await;
    scene.acme.agree(&scene.display).await;

    tab.says("Installed").await;
    tab.says("Signed in to Acme").await;
    scene.looks(&tab, "installed").await;
    answers(&scene, &tab).await;
    assert_eq!(tab.complaints(), Vec::<String>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_ways_to_an_account_the_window_can_be_chosen() {
    let Some(scene) = Scene::set().await else { return };
    let (tab, stage) = (scene.stage.tab().await, &scene.stage);
    tab.go(&stage.at("/catalog/acme-both")).await;
    tab.says("is asked for").await;
    tab.until("!document.querySelector('[name=agreed]').checkVisibility()").await;
    tab.click("[name=account][value=browser]").await;
    tab.says("session token").await;
    tab.until("!document.body.innerText.includes('is asked for')").await;
    scene.looks(&tab, "chosen").await;
    // Not required by the form, for one of the ways needs no window; so the app refuses.
    tab.press("Install").await;
    tab.says("The window opens only when you have said that you want it").await;
    tab.until("document.querySelector('[name=account][value=browser]').checked").await;
    scene.looks(&tab, "not-agreed").await;
    tab.complaints();

    tab.click("[name=agreed]").await;
    tab.press("Install").await;
    scene.acme.sign_in(&scene.display).await;
    tab.says("Installed").await;
    answers(&scene, &tab).await;
    assert_eq!(stage.world.connections()[0]["kind"], "browser");
    assert_eq!(tab.complaints(), Vec::<String>::new());
    scene.end().await;
}
