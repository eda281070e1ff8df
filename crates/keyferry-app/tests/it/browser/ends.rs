//! Sign-ins that come to nothing: each says why, and leaves neither a process nor a profile.

use std::{fs, path::PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::{Acme, app, begin, browser, browser_that, nothing_left, over, processes};
use crate::support::TestApp;

/// The browser of a sign-in under way, once it has asked for the login page.
async fn running(app: &TestApp, acme: &Acme) -> Pid {
    let asked = async {
        while !acme.service.heard().contains(&"GET /login".to_owned()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), asked).await.expect("the window opens");
    Pid::from_raw(browser(app).expect("a browser runs").try_into().unwrap()).unwrap()
}

async fn ended_by(signal: Signal) -> Value {
    let acme = Acme::start("").await;
    let app = acme.app().await;
    let begun = begin(&app, json!({})).await;
    kill_process(running(&app, &acme).await, signal).unwrap();
    let failed = over(&app, begun).await;
    nothing_left(&app).await;
    app.shutdown().await;
    failed
}

#[tokio::test]
async fn a_window_that_is_closed_ends_the_sign_in() {
    let failed = ended_by(Signal::TERM).await;
    assert_eq!(
        (&failed["state"], &failed["error"]["error"]),
        (&json!("failed"), &json!("window_closed")),
        "{failed}"
    );
    assert!(failed["error"]["hint"].as_str().unwrap().contains("closes by itself"), "{failed}");
}

#[tokio::test]
async fn a_browser_that_crashes_ends_the_sign_in() {
    let failed = ended_by(Signal::KILL).await;
    assert_eq!(
        (&failed["state"], &failed["error"]["error"]),
        (&json!("failed"), &json!("browser_crashed")),
        "{failed}"
    );
}

#[tokio::test]
async fn a_sign_in_that_is_cancelled_and_an_app_that_ends_leave_nothing() {
    let acme = Acme::start("").await;
    let app = acme.app().await;
    let begun = begin(&app, json!({ "keep_signed_in": true })).await;
    let pid = running(&app, &acme).await.as_raw_nonzero();
    let environment = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    assert!(environment.contains("HOME=") && !environment.contains("KEYFERRY_"), "{environment}");
    // What is kept is sealed by the keychain, where the browser uses one.
    let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap();
    assert!(!line.contains("--password-store=basic"), "{line}");
    let (_, cancelled) = app.delete(&format!("/api/v1/sign-ins/{}", begun["id"].as_str().unwrap())).await;
    assert_eq!(cancelled["error"]["error"], "cancelled", "{cancelled}");
    nothing_left(&app).await;
    let kept = fs::read_dir(app.data_folder().join("browser/kept"));
    assert_eq!(kept.into_iter().flatten().count(), 0, "kept is what signed in");

    let folder = app.data_folder().join("browser");
    begin(&app, json!({})).await;
    while processes(&folder).is_empty() {
        tokio::task::yield_now().await;
    }
    let data = app.shutdown().await;
    assert_eq!(processes(&folder), Vec::<u32>::new());
    assert_eq!(fs::read_dir(folder.join("passing")).unwrap().count(), 0);
    drop(data);
}

#[tokio::test]
async fn a_browser_that_shows_what_is_forbidden_is_ended_and_gives_nothing() {
    let acme = Acme::start("<script>setTimeout(signIn, 4000)</script>").await;
    // It opens a page of its own, and does not know how not to.
    let own = format!(
        "for one; do shift; [ \"$one\" = --no-startup-window ] || set -- \"$@\" \"$one\"; done\nexec CHROMIUM \"$@\" {}/own",
        acme.foreign.origin
    );
    let app = app(&acme.file(), |settings| {
        let folder = settings.data_folder.parent().unwrap();
        settings.browser_command = Some(browser_that(folder, &own));
    })
    .await;
    let failed = over(&app, begin(&app, json!({})).await).await;
    assert!(acme.foreign.heard().contains(&"GET /own".to_owned()), "{:?}", acme.foreign.heard());
    assert_eq!(failed["error"]["error"], "browser_broke_rules", "{failed}");
    assert!(failed["error"]["hint"].as_str().unwrap().contains("browser's version"), "{failed}");
    let (_, list) = app.get("/api/v1/connections").await;
    assert_eq!(list["connections"], json!([]), "nothing was read");
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn without_a_browser_it_is_said_what_to_install_and_one_that_is_no_browser_is_named() {
    let acme = Acme::start("").await;
    let nothing =
        app(&acme.file(), |settings| settings.browser_command = Some(PathBuf::from("/nonexistent/browser")))
            .await;
    let failed = over(&nothing, begin(&nothing, json!({})).await).await;
    assert_eq!(failed["error"]["error"], "browser_not_there", "{failed}");
    assert!(failed["error"]["hint"].as_str().unwrap().contains("KEYFERRY_BROWSER_COMMAND"), "{failed}");
    nothing_left(&nothing).await;
    nothing.shutdown().await;

    let other =
        app(&acme.file(), |settings| settings.browser_command = Some(PathBuf::from("/bin/true"))).await;
    let failed = over(&other, begin(&other, json!({})).await).await;
    assert_eq!(failed["error"]["error"], "browser_not_started", "{failed}");
    assert!(failed["error"]["message"].as_str().unwrap().contains("/bin/true"), "{failed}");
    nothing_left(&other).await;
    other.shutdown().await;
}
