//! Each page as it looks: no error on the console, no barrier that axe finds, light and dark, wide and narrow; pictures are kept.

use std::path::{Path, PathBuf};

use super::Stage;
use crate::support::{NARROW, Tab, WIDE};

pub(super) fn axe() -> Option<PathBuf> {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/axe/node_modules/axe-core/axe.min.js");
    if file.is_file() {
        return Some(file);
    }
    println!("not run: the packages of tests/fixtures/axe are not installed; see `cargo xtask setup`");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: axe is not installed");
    None
}

/// What axe finds on the page as it is.
pub(super) async fn barriers(tab: &Tab, axe: &Path) -> Vec<String> {
    tab.run(axe).await;
    let found = tab
        .awaited(
            "const told = await axe.run(); return told.violations.map(one => one.id + ': ' + \
             one.nodes.map(node => node.html.slice(0, 200) + ' ' + node.failureSummary).join(' | '));",
        )
        .await;
    found.as_array().unwrap().iter().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_page_is_without_errors_and_barriers_light_and_dark() {
    let Some(axe) = axe() else { return };
    let Some(stage) = Stage::set().await else { return };
    std::fs::create_dir_all(stage.world.path(".cursor")).unwrap();
    let tab = stage.tab().await;
    let mut wrong = Vec::new();
    look(&stage, &tab, &axe, &mut wrong, &[("/servers", "servers-none"), ("/accounts", "accounts-none")])
        .await;
    stage.install(&tab).await;
    let install = tab.value("location.pathname").await.unwrap();
    let account = format!("/accounts/{}", stage.world.connection());
    let revoke = format!("{account}/revoke");
    let pages = [
        ("/catalog", "catalog"),
        ("/catalog?q=nothing+like+it", "catalog-nothing"),
        ("/catalog/sooperset__mcp-atlassian", "manifest"),
        (install.as_str().unwrap(), "installed"),
        ("/servers", "servers"),
        ("/servers/sandbox-notes", "server"),
        ("/servers/sandbox-notes/tools", "tools"),
        ("/servers/sandbox-notes/logs", "logs"),
        ("/servers/sandbox-notes/settings", "server-settings"),
        ("/servers/sandbox-notes/uninstall", "uninstall"),
        ("/accounts", "accounts"),
        (&account, "account"),
        (&revoke, "revoke"),
        ("/clients", "clients"),
        ("/clients/cursor", "client"),
        ("/providers", "providers"),
        ("/providers/sandbox", "provider"),
        ("/providers/check", "provider-check"),
        ("/settings", "settings"),
        ("/open/spent", "spent"),
    ];
    look(&stage, &tab, &axe, &mut wrong, &pages).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    stage.end().await;
}

async fn sideways(tab: &Tab, path: &str, width: u32, wrong: &mut Vec<String>) {
    if tab.value("document.documentElement.scrollWidth > innerWidth").await.unwrap() == true {
        wrong.push(format!("{path} {width}: it scrolls sideways"));
    }
}

async fn look(stage: &Stage, tab: &Tab, axe: &Path, wrong: &mut Vec<String>, pages: &[(&str, &str)]) {
    for (path, name) in pages {
        for (width, dark) in [(WIDE, false), (WIDE, true), (NARROW, false), (NARROW, true)] {
            tab.wide(width).await;
            tab.dark(dark).await;
            tab.go(&stage.at(path)).await;
            tab.until("document.readyState === 'complete'").await;
            let shade = if dark { "-dark" } else { "" };
            tab.picture(&format!("{name}-{width}{shade}")).await;
            let found = barriers(tab, axe).await;
            wrong.extend(found.into_iter().map(|one| format!("{path} {width}{shade}: {one}")));
            sideways(tab, path, width, wrong).await;
            // A spent link is refused, which the console calls an error.
            let complaints = tab.complaints().into_iter().filter(|_| !path.starts_with("/open/"));
            wrong.extend(complaints.map(|one| format!("{path}: {one}")));
        }
        // The narrowest that is meant to work, and the widest.
        for width in [360, 3840] {
            tab.wide(width).await;
            sideways(tab, path, width, wrong).await;
        }
        tab.picture(&format!("{name}-3840")).await;
    }
    tab.wide(WIDE).await;
    tab.dark(false).await;
}
