//! A profile that the person wants to be kept: the next sign-in is a click, and it goes when they say so.

use std::fs;

use serde_json::json;

use super::{Acme, begin, nothing_left, over};

#[tokio::test]
async fn a_kept_profile_makes_the_next_sign_in_a_click_and_goes_with_the_connection() {
    use std::os::unix::fs::PermissionsExt as _;
    let acme = Acme::start("<script>setTimeout(signIn, 300)</script>").await;
    let app = acme.app().await;
    let kept = app.data_folder().join("browser/kept");
    let done = over(&app, begin(&app, json!({ "keep_signed_in": true })).await).await;
    assert_eq!(done["state"], "done", "{done}");
    let id = done["connection"].as_str().unwrap().to_owned();
    let profile = kept.join(format!("acme-browser-{id}"));
    assert_eq!(fs::metadata(&profile).unwrap().permissions().mode() & 0o777, 0o700);
    let (_, connection) = app.get(&format!("/api/v1/connections/{id}")).await;
    assert_eq!(connection["stays_signed_in"], true, "{connection}");
    nothing_left(&app).await;

    let (status, told) = app.post("/api/v1/sign-ins", json!({ "connection": id })).await;
    assert_eq!((status.as_u16(), &told["error"]), (409, &json!("window_not_agreed")), "{told}");
    assert!(told["message"].as_str().unwrap().contains("stayed signed in"), "{told}");
    let (_, again) =
        app.post("/api/v1/sign-ins", json!({ "connection": id, "window": { "agreed": true } })).await;
    let again = over(&app, again).await;
    assert_eq!(again["state"], "done", "{again}");
    let forms = acme.provider.heard().iter().filter(|line| *line == "POST /sign-in").count();
    assert_eq!(forms, 1, "the service knew the person still");
    assert!(profile.is_dir(), "it stays as it was");

    let (_, last) = app
        .post(
            "/api/v1/sign-ins",
            json!({ "connection": id, "window": { "agreed": true, "keep_signed_in": false } }),
        )
        .await;
    let last = over(&app, last).await;
    assert_eq!(last["state"], "done", "{last}");
    nothing_left(&app).await;
    assert!(!profile.exists(), "the person said so");

    let (_, third) = app
        .post(
            "/api/v1/sign-ins",
            json!({ "connection": id, "window": { "agreed": true, "keep_signed_in": true } }),
        )
        .await;
    assert_eq!(over(&app, third).await["state"], "done");
    assert!(profile.is_dir());
    let (_, report) = app.delete(&format!("/api/v1/connections/{id}")).await;
    assert_eq!(report["result"], "not_supported", "{report}");
    assert!(!profile.exists(), "it goes with its connection");
    app.shutdown().await;
}

#[tokio::test]
async fn what_a_kept_profile_would_open_by_itself_is_not_opened_before_the_rules_stand() {
    let acme = Acme::start("<script>setTimeout(signIn, 300)</script>").await;
    let app = acme.app().await;
    let done = over(&app, begin(&app, json!({ "keep_signed_in": true })).await).await;
    let id = done["connection"].as_str().unwrap();
    let file = app.data_folder().join(format!("browser/kept/acme-browser-{id}/Default/Preferences"));
    let mut preferences: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    // A page of the service's own, which was pinned, and leads abroad today; and one that begins each day.
    preferences["pinned_tabs"] = json!([{ "url": format!("{}/abroad", acme.service.origin) }]);
    preferences["session"] =
        json!({ "restore_on_startup": 4, "startup_urls": [format!("{}/startup", acme.foreign.origin)] });
    fs::write(&file, preferences.to_string()).unwrap();

    let request = json!({ "connection": id, "window": { "agreed": true } });
    let (_, again) = app.post("/api/v1/sign-ins", request).await;
    let again = over(&app, again).await;
    assert_eq!(again["state"], "done", "{again}");
    assert_eq!((acme.foreign.heard(), acme.foreign.connections()), (Vec::new(), 0));
    nothing_left(&app).await;
    app.shutdown().await;
}
