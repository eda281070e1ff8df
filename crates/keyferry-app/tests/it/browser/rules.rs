//! Where a window may go. What is refused must not even have been connected to.

use serde_json::json;

use super::{Acme, begin, host, nothing_left, over, places, refused};

/// Ways out of the login page, each with what it does before the person signs in.
const WAYS: [(&str, &str); 18] = [
    ("a link", "<a id=a href='FOREIGN/link'>x</a><script>setTimeout(() => a.click(), 200)</script>"),
    ("a script", "<script>setTimeout(() => location = 'FOREIGN/script', 200)</script>"),
    ("a redirect", "<script>setTimeout(() => location = '/abroad', 200)</script>"),
    ("a refresh", "<meta http-equiv=refresh content='0;url=FOREIGN/refresh'>"),
    (
        "a form",
        "<form id=f method=post action='FOREIGN/form'><input name=password value=p></form><script>setTimeout(() => f.submit(), 200)</script>",
    ),
    (
        "a form whose answer is a redirect",
        "<form id=f method=get action='/abroad'></form><script>setTimeout(() => f.submit(), 200)</script>",
    ),
    ("a frame", "<iframe src='FOREIGN/frame'></iframe>"),
    ("a frame in a frame", "<iframe src='/frame'></iframe>"),
    ("a frame that redirects", "<iframe src='/abroad'></iframe>"),
    ("a frame in a frame without an address", "<iframe srcdoc=\"<iframe src='FOREIGN/srcdoc'></iframe>\"></iframe>"),
    ("a frame in data", "<iframe src=\"data:text/html,<iframe src='FOREIGN/data'></iframe>\"></iframe>"),
    ("an object", "<object data='FOREIGN/object' type='text/html'></object>"),
    ("a download", "<a id=a download href='FOREIGN/file'>x</a><script>setTimeout(() => a.click(), 200)</script>"),
    ("a new window", "<script>setTimeout(() => window.open('FOREIGN/popup'), 200)</script>"),
    (
        "a window in a link",
        "<a id=a target=_blank rel=noopener href='FOREIGN/blank'>x</a><script>setTimeout(() => a.click(), 200)</script>",
    ),
    ("plain http to the service's own name", "<script>setTimeout(() => location = 'http://acme.localhost:4000/x', 200)</script>"),
    (
        "a user name that looks like the service",
        "<script>setTimeout(() => location = 'http://acme.localhost:80@FOREIGN/'.replace('@http://', '@'), 200)</script>",
    ),
    (
        "what was fetched ahead",
        "<script type=speculationrules>{\"prefetch\":[{\"source\":\"list\",\"urls\":[\"FOREIGN/ahead\"],\"eagerness\":\"immediate\"}],
         \"prerender\":[{\"source\":\"list\",\"urls\":[\"FOREIGN/ahead\"],\"eagerness\":\"immediate\"}]}</script>
         <a id=a href='FOREIGN/ahead'>x</a><script>setTimeout(() => a.click(), 900)</script>",
    ),
];

#[tokio::test]
async fn every_way_to_a_foreign_host_is_stopped_before_its_request_leaves() {
    for (way, html) in WAYS {
        let acme = Acme::start(html).await;
        let app = acme.app().await;
        let begun = begin(&app, json!({})).await;
        let shown = refused(&app, begun, 1).await;
        let wanted = if way.starts_with("plain http") {
            "acme.localhost:4000".to_owned()
        } else {
            host(&acme.foreign)
        };
        assert_eq!(places(&shown), [wanted], "{way}: {shown}");
        assert_eq!(acme.foreign.heard(), Vec::<String>::new(), "{way}");
        assert_eq!(acme.foreign.connections(), 0, "{way}");
        let id = shown["id"].as_str().unwrap();
        app.delete(&format!("/api/v1/sign-ins/{id}")).await;
        nothing_left(&app).await;
        app.shutdown().await;
    }
}

#[tokio::test]
async fn a_popup_is_under_the_rules_from_its_first_request_on_and_the_sign_in_goes_on() {
    let acme = Acme::start(
        "<script>let other; setTimeout(() => other = window.open('/none'), 200);
         setTimeout(() => other.location = 'FOREIGN/later', 900);
         setTimeout(() => window.open('/abroad'), 1500);
         setTimeout(signIn, 2200);</script><iframe src='FOREIGN/frame'></iframe>",
    )
    .await;
    let app = acme.app().await;
    let done = over(&app, begin(&app, json!({})).await).await;
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(places(&done), [host(&acme.foreign)], "once, however often it was tried: {done}");
    assert!(
        acme.service.heard().contains(&"GET /none".to_owned()),
        "the window was there: {:?}",
        acme.service.heard()
    );
    assert!(acme.service.heard().contains(&"GET /abroad".to_owned()));
    assert_eq!((acme.foreign.heard(), acme.foreign.connections()), (Vec::new(), 0));
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn what_a_listed_host_would_have_downloaded_is_not_kept() {
    let acme = Acme::start(
        "<a id=a download=kept.html href='/file'>x</a><script>setTimeout(() => a.click(), 200); setTimeout(signIn, 2000)</script>",
    )
    .await;
    let app = acme.app().await;
    let done = over(&app, begin(&app, json!({})).await).await;
    assert_eq!(done["state"], "done", "{done}");
    assert!(acme.service.heard().contains(&"GET /file".to_owned()), "{:?}", acme.service.heard());
    let downloads = std::fs::read_dir(app.folder.path().join("Downloads"));
    assert_eq!(downloads.into_iter().flatten().count(), 0);
    nothing_left(&app).await;
    app.shutdown().await;
}

#[tokio::test]
async fn what_a_window_was_kept_from_is_told_with_its_reason() {
    let acme = Acme::start(
        "<iframe src='https://acme.localhost.evil.example/'></iframe><iframe src='https://evilacme.localhost/'></iframe>
         <iframe src='https://xn--cme-5cd.localhost/'></iframe><iframe src='https://ACME.LOCALHOST:444/'></iframe>",
    )
    .await;
    let app = acme.app().await;
    let begun = begin(&app, json!({})).await;
    let shown = refused(&app, begun, 4).await;
    let mut told = places(&shown);
    told.sort();
    assert_eq!(
        told,
        ["acme.localhost.evil.example", "acme.localhost:444", "evilacme.localhost", "xn--cme-5cd.localhost"],
        "{shown}"
    );
    let first = &shown["window"]["refused"][0];
    assert_eq!((&first["part"], &first["reason"]), (&json!("frame"), &json!("not_listed")), "{first}");
    assert!(first["text"].as_str().unwrap().contains("allow_hosts"), "{first}");
    app.delete(&format!("/api/v1/sign-ins/{}", shown["id"].as_str().unwrap())).await;
    nothing_left(&app).await;
    app.shutdown().await;
}
