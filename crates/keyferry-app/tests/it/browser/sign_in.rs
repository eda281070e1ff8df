//! A sign-in that works: what is read, where and when, and where it goes.

use serde_json::json;

use super::{Acme, EARLY, TOKEN, begin, nothing_left, over};
use crate::install::plain;

/// The login page goes on by itself, as a person who knows the password would.
const SIGN_IN: &str = "<script>setTimeout(signIn, 1200)</script>";

#[tokio::test]
async fn a_token_is_read_on_its_page_alone_and_reaches_a_real_server() {
    let acme = Acme::start(SIGN_IN).await;
    let app = acme.app().await;
    let mut manifest = plain("notes", &["echo"]);
    manifest["archestra_config"] =
        json!({ "browser_based": { "provider": "acme-browser", "required": true } });

    // Nothing opens before the person was told and has agreed.
    let (status, told) = app.post("/api/v1/installs", json!({ "manifest": { "inline": manifest } })).await;
    assert_eq!((status.as_u16(), &told["error"]), (409, &json!("window_not_agreed")), "{told}");
    let text = told["message"].as_str().unwrap();
    for line in ["session token", "no scopes", "ACME_TOKEN", "auth_token", "Its terms say: not so."] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(acme.service.heard().is_empty());

    let request = json!({ "manifest": { "inline": manifest }, "window": { "agreed": true } });
    let (status, install) = app.post("/api/v1/installs", request).await;
    assert_eq!(status, 202, "{install}");
    let install = app.over(install).await;
    assert_eq!(install["state"], "done", "{install}");

    let (_, result) = app.post("/api/v1/servers/notes/tools/environment", json!({})).await;
    let text = result["content"][0]["text"].as_str().unwrap();
    let environment: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(environment["ACME_TOKEN"], TOKEN, "read late, and after the address had changed");
    assert_eq!(environment["ACME_SESSION"], "ses-canary", "HttpOnly");
    assert_eq!(environment["ACME_PLACE"], "/home/inbox");
    assert!(environment.get("ACME_NOTHING").is_none());
    assert_eq!(environment["ACME_ODD"], "odd-canary");
    assert!(environment.get("ACME_NUMBER").is_none(), "a number is no text");
    assert!(!text.contains(EARLY));
    assert!(acme.provider.heard().contains(&"POST /sign-in".to_owned()));

    let (_, list) = app.get("/api/v1/connections").await;
    let connection = &list["connections"][0];
    assert_eq!(
        (&connection["kind"], &connection["refreshable"]),
        (&json!("browser"), &json!(false)),
        "{list}"
    );
    assert!(!list.to_string().contains("canary"));
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_new_connection_can_be_made_and_signed_in_to_again() {
    let acme = Acme::start(SIGN_IN).await;
    let app = acme.app().await;
    let (status, refused) = app.post("/api/v1/sign-ins", json!({ "provider": "acme-browser" })).await;
    assert_eq!((status.as_u16(), &refused["error"]), (409, &json!("window_not_agreed")), "{refused}");

    let done = over(&app, begin(&app, json!({})).await).await;
    assert_eq!(done["state"], "done", "{done}");
    let id = done["connection"].as_str().unwrap();
    // Whoever signs in again is told again.
    let (status, told) = app.post("/api/v1/sign-ins", json!({ "connection": id })).await;
    assert_eq!((status.as_u16(), &told["error"]), (409, &json!("window_not_agreed")), "{told}");
    let text = told["message"].as_str().unwrap();
    assert!(text.contains("auth_token") && text.contains("ACME_TOKEN"), "{text}");
    assert!(!text.contains("stayed signed in"), "nothing was kept: {text}");
    let wanted = json!({ "connection": id, "window": { "agreed": true } });
    let (status, again) = app.post("/api/v1/sign-ins", wanted).await;
    assert_eq!(status, 202, "{again}");
    let again = over(&app, again).await;
    assert_eq!((&again["state"], again["connection"].as_str()), (&json!("done"), Some(id)), "{again}");
    let logins = acme.service.heard().iter().filter(|line| *line == "GET /login").count();
    assert_eq!(logins, 2, "nothing was kept, so the form was there again");
    let (_, history) = app.get(&format!("/api/v1/connections/{id}/history")).await;
    assert!(history.to_string().contains("connected_again"), "{history}");
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_page_of_another_path_or_origin_gives_nothing() {
    let acme =
        Acme::start("<script>setTimeout(() => location = '/frame?/home/x#/home/x', 300)</script>").await;
    let app = acme.app().await;
    let begun = begin(&app, json!({})).await;
    // The frame in that page is refused: it was looked at, then, and has all values.
    let shown = super::refused(&app, begun, 1).await;
    assert_eq!(shown["state"], "waiting_for_person", "{shown}");
    assert_eq!(shown["window"]["missing"], json!([]), "the page is not the one");
    let id = shown["id"].as_str().unwrap();
    let (_, cancelled) = app.delete(&format!("/api/v1/sign-ins/{id}")).await;
    assert_eq!(cancelled["error"]["error"], "cancelled", "{cancelled}");
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn a_script_that_does_not_end_holds_up_nothing() {
    let acme = Acme::start(SIGN_IN).await;
    let endless = "endless = { script = \"for (;;);\", required = false }\nnothing = {";
    let app = super::app(&acme.file().replace("nothing = {", endless), |_| {}).await;
    let done = over(&app, begin(&app, json!({})).await).await;
    assert_eq!(done["state"], "done", "{done}");
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn no_more_than_four_windows_are_open_at_once() {
    let acme = Acme::start("").await;
    let app = acme.app().await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(begin(&app, json!({})).await);
    }
    let request = json!({ "provider": "acme-browser", "window": { "agreed": true } });
    let (status, refused) = app.post("/api/v1/sign-ins", request).await;
    assert!(status.is_client_error() || status.is_server_error(), "{status} {refused}");
    assert_eq!(refused["error"], "too_many_sign_ins", "{refused}");
    for sign_in in open {
        app.delete(&format!("/api/v1/sign-ins/{}", sign_in["id"].as_str().unwrap())).await;
    }
    nothing_left(&app).await;
    begin(&app, json!({})).await;
    app.shutdown().await;
}
