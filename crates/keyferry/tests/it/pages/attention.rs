//! The person is told when an account needs them, on whatever page they are.

use keyferry_sandbox::{Fault, Target};

use super::Stage;
use crate::support::Tab;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_account_is_told_on_every_open_page_and_mended_by_one_sign_in() {
    let Some(stage) = Stage::set().await else { return };
    let tab = stage.tab().await;
    stage.install(&tab).await;
    let id = stage.world.connection();
    tab.go(&stage.at("/catalog")).await;
    tab.until("document.title === 'Catalog · Keyferry'").await;

    let dead = Fault::OkFalse { error: "invalid_grant".to_owned() };
    stage.world.sandbox.faults().once(Target::Token, dead);
    assert_eq!(stage.world.run(&["connections", "refresh", &id]).code, 1);
    // Nobody touches the page: the banner comes by the stream, and the title counts.
    tab.says("needs you to sign in again").await;
    tab.until("document.title.startsWith('(1) ')").await;
    tab.picture("attention-1280").await;

    tab.press("Sign in").await;
    tab.press("Sign in again").await;
    tab.press("Go to the service").await;
    let consent = stage.chromium.opened_at("/authorize").await;
    consent.press("Allow").await;
    consent.until("location.pathname.startsWith('/oauth/callback/')").await;
    tab.says("You are signed in, and the account is kept").await;
    tab.until("!document.title.startsWith('(')").await;
    assert_eq!(stage.world.connection(), id, "the same account");
    stage.end().await;
}

/// A tab that keeps what it notifies of, beside showing it.
async fn listened_to(stage: &Stage) -> Tab {
    let tab = stage.tab().await;
    tab.go(&stage.at("/catalog")).await;
    let script = "(() => { const Real = Notification; window.told = [];
        window.Notification = class extends Real {
            constructor(title, options) { super(title, options); told.push(title); }
        }; return Notification.permission; })()";
    assert_eq!(tab.value(script).await.unwrap(), "granted");
    tab
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_it_is_notified_of_a_dead_account_while_the_page_is_out_of_sight() {
    let Some(stage) = Stage::set().await else { return };
    stage.chromium.lets_notify(&stage.at("")).await;
    let tab = stage.tab().await;
    stage.install(&tab).await;
    // The one that is opened last hides the other.
    let (hidden, seen) = (listened_to(&stage).await, listened_to(&stage).await);
    for (tab, is_hidden) in [(&hidden, true), (&seen, false)] {
        tab.until(&format!("document.hidden === {is_hidden}")).await;
    }
    let dead = Fault::OkFalse { error: "invalid_grant".to_owned() };
    stage.world.sandbox.faults().once(Target::Token, dead);
    assert_eq!(stage.world.run(&["connections", "refresh", &stage.world.connection()]).code, 1);
    hidden.until("told.join() === 'Keyferry: sign in again'").await;
    seen.says("needs you to sign in again").await;
    assert_eq!(seen.value("told.length").await.unwrap(), 0, "who looks at the page sees it there");
    stage.end().await;
}
