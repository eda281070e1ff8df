//! Who may see the pages, and what it takes to send a form.

use keyferry_app::api;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::support::{TestApp, client};

/// The cookie that a new link opens.
async fn cookie(app: &TestApp) -> String {
    let link: Value = app.post("/api/v1/page-links", json!({})).await.1;
    let opened = client().get(link["url"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(opened.status(), StatusCode::OK);
    let set = opened.headers()[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(set.contains("; HttpOnly; SameSite=Strict"), "{set}");
    set.split(';').next().unwrap().to_owned()
}

/// The token that the forms of a session carry.
async fn form_token(app: &TestApp, cookie: &str) -> String {
    let page = client().get(app.url("/settings")).header(header::COOKIE, cookie).send().await.unwrap();
    let text = page.text().await.unwrap();
    let (_, rest) = text.split_once("name=\"form_token\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn without_a_session_no_page_is_shown_whatever_the_method() {
    let app = TestApp::start().await;
    let open = ["/", "/open/{code}", "/assets/{name}"];
    let paths: Vec<_> = api::page_paths().filter(|path| !open.contains(path)).collect();
    assert!(paths.len() > 30, "{paths:?}");
    for path in paths {
        let path = path.replace("{id}", "x").replace("{name}", "x").replace("{tool}", "x");
        for method in [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS]
        {
            for cookie in
                ["", "keyferry-session=x", &format!("keyferry-session-{}=guessed", app.app.address().port())]
            {
                let request = client().request(method.clone(), app.url(&path)).header(header::COOKIE, cookie);
                let response = request.send().await.unwrap();
                assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path} {cookie:?}");
            }
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_session_opens_the_pages_and_neither_the_api_nor_the_gateway() {
    let app = TestApp::start().await;
    let cookie = cookie(&app).await;
    for (path, status) in [
        ("/catalog", StatusCode::OK),
        ("/servers", StatusCode::OK),
        ("/events", StatusCode::OK),
        ("/nowhere", StatusCode::NOT_FOUND),
        ("/api/v1/status", StatusCode::UNAUTHORIZED),
        ("/api/v1/page-links", StatusCode::UNAUTHORIZED),
        ("/mcp", StatusCode::UNAUTHORIZED),
    ] {
        let response = client().get(app.url(path)).header(header::COOKIE, &cookie).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() {
    let app = TestApp::start().await;
    let cookie = cookie(&app).await;
    for path in
        ["/catalog", "/catalog/sandbox-notes", "/servers", "/accounts", "/clients", "/providers", "/settings"]
    {
        let response = client().get(app.url(path)).header(header::COOKIE, &cookie).send().await.unwrap();
        assert_eq!(
            response.headers()[header::CONTENT_SECURITY_POLICY],
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            "{path}"
        );
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store", "{path}");
        assert!(
            !response.headers().keys().any(|name| name.as_str().starts_with("access-control-")),
            "{path}"
        );
        let text = response.text().await.unwrap();
        for bad in [" style=", "<style", "javascript:", " onclick=", "<script>", "hx-on"] {
            assert!(!text.contains(bad), "{path}: {bad}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_form_needs_the_cookie_the_origin_the_type_and_the_token_of_its_session() {
    let app = TestApp::start().await;
    let (cookie, other) = (cookie(&app).await, cookie(&app).await);
    let (token, others) = (form_token(&app, &cookie).await, form_token(&app, &other).await);
    assert_ne!(token, others);
    let own = app.url("");
    let form = "application/x-www-form-urlencoded";
    let send = async |origin: Option<&str>, kind: &str, token: &str| {
        let mut request = client().post(app.url("/settings/session/close")).header(header::COOKIE, &cookie);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        let request = request.header(header::CONTENT_TYPE, kind).body(format!("form_token={token}"));
        request.send().await.unwrap().status()
    };
    assert_eq!(send(None, form, &token).await, StatusCode::FORBIDDEN, "no origin");
    for origin in ["null", "https://evil.test", "http://localhost:3000", "http://127.0.0.1"] {
        assert_eq!(send(Some(origin), form, &token).await, StatusCode::FORBIDDEN, "{origin}");
    }
    for kind in ["text/plain", "multipart/form-data", "application/json"] {
        assert_eq!(send(Some(&own), kind, &token).await, StatusCode::FORBIDDEN, "{kind}");
    }
    for token in ["", "guessed", &others] {
        assert_eq!(send(Some(&own), form, token).await, StatusCode::FORBIDDEN, "{token}");
    }
    // The session is open as before; now it is closed as its person wants.
    let shown = async || {
        client().get(app.url("/servers")).header(header::COOKIE, &cookie).send().await.unwrap().status()
    };
    assert_eq!(shown().await, StatusCode::OK);
    assert_eq!(send(Some(&own), form, &token).await, StatusCode::SEE_OTHER);
    assert_eq!(shown().await, StatusCode::UNAUTHORIZED);
    app.shutdown().await;
}

#[tokio::test]
async fn a_browser_that_marks_another_site_gets_nothing_even_with_the_cookie() {
    let app = TestApp::start().await;
    let cookie = cookie(&app).await;
    for (site, status) in [
        ("same-origin", StatusCode::OK),
        ("none", StatusCode::OK),
        ("same-site", StatusCode::FORBIDDEN),
        ("cross-site", StatusCode::FORBIDDEN),
    ] {
        let request = client().get(app.url("/servers")).header(header::COOKIE, &cookie);
        let response = request.header("sec-fetch-site", site).send().await.unwrap();
        assert_eq!(response.status(), status, "{site}");
    }
    app.shutdown().await;
}
