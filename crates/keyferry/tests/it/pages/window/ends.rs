//! Sign-ins that come to nothing, as the pages tell them.

use std::{fs, path::Path};

use super::{Scene, drives};
use crate::support::{OwnClock, Tab, kill, left_over};

/// The browser of the window: the process that leads the others.
fn browser(home: &Path) -> u32 {
    let is_browser = |pid: &u32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains("--no-startup-window") && !line.contains("--type=")
    };
    left_over(home).into_iter().find(is_browser).expect("a browser runs")
}

/// What a page says of a sign-in that failed, with pictures.
async fn failed(scene: &Scene, tab: &Tab, says: &str, hint: &str, name: &str) {
    tab.says(says).await;
    tab.says(hint).await;
    scene.looks(tab, name).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_end_of_a_window_is_told_on_its_page() {
    let Some(scene) = Scene::set().await else { return };
    let (tab, world) = (scene.stage.tab().await, &scene.stage.world);
    tab.go(&scene.stage.at("/providers/acme-browser")).await;
    tab.says("session token").await;
    scene.looks(&tab, "provider").await;

    // Where it may not go is shown in the window and on the page; then the person closes it.
    scene.begin(&tab).await;
    scene.acme.asks().await;
    scene.acme.go_abroad(&scene.display, &tab).await;
    scene.display.picture("window-refused");
    scene.looks(&tab, "refused").await;
    assert!(scene.acme.is_quiet());
    scene.display.close(|display| display.key("ctrl+w"));
    failed(
        &scene,
        &tab,
        "The window was closed before the sign-in was done",
        "leave the window open",
        "closed",
    )
    .await;
    tab.says(&scene.acme.foreigner()).await;
    tab.press("Try again").await;
    tab.until("location.pathname === '/providers/acme-browser'").await;

    scene.begin(&tab).await;
    scene.acme.asks().await;
    kill(browser(world.home.path()));
    failed(&scene, &tab, "The browser crashed or was killed", "Try again", "crashed").await;

    // A browser that opens a page of its own, and does not know how not to.
    let own = format!(
        "for one; do shift; [ \"$one\" = --no-startup-window ] || set -- \"$@\" \"$one\"; done\nexec CHROMIUM \"$@\" {}",
        scene.acme.abroad()
    );
    drives(world, &own);
    scene.begin(&tab).await;
    failed(&scene, &tab, "The browser showed a page that it was forbidden", "Report it", "broke-rules").await;
    scene.acme.was_abroad().await;

    drives(world, "exit 3");
    scene.begin(&tab).await;
    failed(&scene, &tab, "did not start", "needs a desktop", "not-started").await;
    fs::remove_file(world.path("browser")).unwrap();
    scene.begin(&tab).await;
    failed(&scene, &tab, "is not there or can't be run", "KEYFERRY_BROWSER_COMMAND", "not-there").await;
    assert!(world.connections().is_empty());
    assert_eq!(tab.complaints(), Vec::<String>::new());
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_sign_in_within_ten_minutes_is_told() {
    let mut clock = None;
    let scene = Scene::set_by(|world, command| clock = OwnClock::of(command, world.path("clock"))).await;
    let Some(scene) = scene else { return };
    let Some(clock) = clock else { return scene.end().await };
    let tab = scene.stage.tab().await;
    scene.begin(&tab).await;
    scene.acme.asks().await;
    clock.forward(11);
    failed(&scene, &tab, "Nobody signed in within 10 minutes", "Try again", "too-late").await;
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_machine_without_a_browser_it_is_told_which_to_install() {
    let scene = Scene::set_by(|_, command| {
        command.env("PATH", "/nonexistent").env_remove("KEYFERRY_BROWSER_COMMAND");
    });
    let Some(scene) = scene.await else { return };
    let tab = scene.stage.tab().await;
    scene.begin(&tab).await;
    failed(&scene, &tab, "No browser was found", "Install Chrome", "no-browser").await;
    scene.end().await;
}
