//! Signing in again, once the service has ended the session.

use super::Scene;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_signed_out_at_the_service_is_told_again_and_signs_in_by_clicking() {
    let Some(scene) = Scene::set().await else { return };
    let (tab, stage) = (scene.stage.tab().await, &scene.stage);
    scene.begin(&tab).await;
    scene.acme.sign_in(&scene.display).await;
    tab.says("You are signed in, and the account is kept").await;
    tab.says("ada@acme.example").await;
    scene.looks(&tab, "account").await;
    let id = stage.world.connection();

    scene.acme.end_session();
    assert_eq!(stage.world.run(&["connections", "refresh", &id]).code, 1);
    // Nobody touches the page.
    tab.says("needs you to sign in again").await;
    scene.looks(&tab, "signed-out").await;
    scene.acme.take_sessions();
    scene.acme.again();
    tab.go(&stage.at("/catalog")).await;
    tab.press("Sign in").await;
    tab.press("Sign in again…").await;
    tab.says("ACME_TOKEN").await;
    tab.until("!document.body.innerText.includes('You stayed signed in there')").await;
    scene.looks(&tab, "again").await;
    tab.press("Open the window").await;
    tab.until("document.querySelector('[name=agreed]:invalid')").await;
    tab.click("[name=agreed]").await;
    tab.click("[name=keep_signed_in]").await;
    tab.press("Open the window").await;
    scene.acme.sign_in(&scene.display).await;
    tab.says("You are signed in, and the account is kept").await;
    assert_eq!(stage.world.connection(), id, "the same account");

    // With a profile that was kept the window goes by itself, and it is told all the same.
    scene.acme.again();
    tab.go(&stage.at(&format!("/accounts/{id}/sign-in"))).await;
    tab.says("You stayed signed in there").await;
    tab.until("document.querySelector('[name=keep_signed_in]').checked").await;
    scene.looks(&tab, "kept").await;
    tab.click("[name=agreed]").await;
    tab.press("Open the window").await;
    tab.says("You are signed in, and the account is kept").await;
    assert_eq!(scene.acme.visits(), 0, "nobody had to sign in");
    assert_eq!(stage.world.json(&["connections", "show", &id])["stays_signed_in"], true);

    // Who does not want that any more says so at the next sign-in.
    tab.go(&stage.at(&format!("/accounts/{id}/sign-in"))).await;
    tab.click("[name=agreed]").await;
    tab.click("[name=keep_signed_in]").await;
    tab.press("Open the window").await;
    tab.says("You are signed in, and the account is kept").await;
    assert_eq!(stage.world.json(&["connections", "show", &id])["stays_signed_in"], false);
    assert_eq!(tab.complaints(), Vec::<String>::new());
    scene.end().await;
}
