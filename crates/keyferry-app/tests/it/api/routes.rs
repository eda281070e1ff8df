//! Every route, and what it needs.

use keyferry_app::api;
use reqwest::{Method, StatusCode, header};
use serde_json::json;

use crate::support::{TestApp, client};

#[tokio::test]
async fn without_the_token_every_route_is_401_whatever_the_method() {
    let app = TestApp::start().await;
    let client = client();
    let methods = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
    ];
    assert!(api::paths().count() >= 21);
    for path in api::paths().chain(["/api", "/api/v1", "/api/v1/nothing", "/mcp"]) {
        let path =
            path.replace("{id}", "x").replace("{key}", "x").replace("{name}", "x").replace("{tool}", "x");
        for method in &methods {
            let request = client
                .request(method.clone(), app.url(&path))
                .header(header::CONTENT_TYPE, "application/json");
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
            assert_eq!(response.headers()[header::WWW_AUTHENTICATE], "Bearer");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn no_reply_is_cached_sniffed_framed_or_open_to_other_origins() {
    let app = TestApp::start().await;
    for path in ["/", "/health", "/oauth/callback/jira?state=x&code=y", "/api/v1/status", "/nowhere"] {
        let response = client().get(app.url(path)).send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers[header::CACHE_CONTROL], "no-store", "{path}");
        assert_eq!(headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{path}");
        assert_eq!(headers[header::REFERRER_POLICY], "no-referrer", "{path}");
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{path}: {policy}"
        );
        assert!(!headers.keys().any(|name| name.as_str().starts_with("access-control-")), "{path}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_stranger_learns_that_the_app_runs_and_nothing_else() {
    let app = TestApp::start().await;
    let page = client().get(app.url("/")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("The app runs"));
    assert!(!page.contains(&*app.data_folder().to_string_lossy()));
    assert_eq!(client().get(app.url("/health")).send().await.unwrap().text().await.unwrap(), "ok\n");
    let callback = client()
        .get(app.url(
            "/oauth/callback/jira?state=%3Ccanary%3E&code=%3Ccanary%3E&error=%22canary&iss=%E2%80%AEcanary",
        ))
        .send()
        .await
        .unwrap();
    assert_eq!(callback.status(), StatusCode::BAD_REQUEST);
    let page = callback.text().await.unwrap();
    assert!(!page.contains("canary") && !page.contains('\u{202e}'), "{page}");
    for provider in ["%ff", "canary%22%3E%3Cscript%3E", "..%2fjira", &"a".repeat(10_000)] {
        let reply =
            client().get(app.url(&format!("/oauth/callback/{provider}?state=x"))).send().await.unwrap();
        assert_eq!(reply.status(), StatusCode::BAD_REQUEST, "{provider}");
        assert_eq!(reply.text().await.unwrap(), page, "the same page for all, word for word");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn the_status_tells_what_the_app_is_and_what_was_wrong_at_its_start() {
    let app = TestApp::start_with(|settings| {
        let providers = settings.data_folder.parent().unwrap().join("providers");
        std::fs::create_dir(&providers).unwrap();
        std::fs::write(providers.join("broken.toml"), "display_name = 3").unwrap();
        settings.provider_folders = vec![providers];
    })
    .await;
    let (status, body) = app.get("/api/v1/status").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["address"], app.app.address().to_string());
    assert_eq!(body["pid"], std::process::id());
    assert_eq!(body["servers_installed"], 0);
    assert_eq!(body["problems"][0]["error"], "bad_provider_file");
    assert!(body["vault_key"].as_str().unwrap().contains("file"));
    app.shutdown().await;
}

#[tokio::test]
async fn what_is_not_there_is_404_with_the_closest_name() {
    let app = TestApp::start().await;
    let table = [
        ("/api/v1/nothing", "no_route", ""),
        ("/api/v1/providers/jirra", "unknown_provider", "did you mean `jira`?"),
        ("/api/v1/providers/%2e%2e%2fx", "bad_name", ""),
        ("/api/v1/servers/none", "unknown_server", "keyferry list"),
        ("/api/v1/servers/none/logs", "unknown_server", "keyferry list"),
        ("/api/v1/connections/aaaaaaaaaaaa", "unknown_connection", "keyferry connections list"),
        ("/api/v1/connections/x", "bad_name", ""),
        ("/api/v1/catalog/none-of-these", "unknown_manifest", "keyferry catalog list"),
        ("/api/v1/installs/00000000000000000000000000000000", "unknown_install", "15 minutes"),
        ("/api/v1/installs/x", "bad_name", ""),
        ("/api/v1/connections/aaaaaaaaaaaa/history", "unknown_connection", "keyferry connections list"),
        ("/api/v1/sign-ins/00000000000000000000000000000000", "unknown_sign_in", "15 minutes"),
    ];
    for (path, code, hint) in table {
        let (status, body) = app.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(body["error"], code, "{path}");
        assert!(body["hint"].as_str().unwrap_or_default().contains(hint), "{path}: {body}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn no_state_changes_by_get_and_a_wrong_method_is_405() {
    let app = TestApp::start().await;
    for path in
        ["/api/v1/installs", "/api/v1/servers/x/start", "/api/v1/servers/x/stop", "/api/v1/servers/x/tools/y"]
    {
        let (status, body) = app.get(path).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(body["error"], "bad_method");
    }
    let (status, _) = app.post("/api/v1/status", json!({})).await;
    assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
    app.shutdown().await;
}

#[tokio::test]
async fn providers_are_listed_though_the_proxy_is_away() {
    let app = TestApp::start_with(|settings| {
        settings.proxy_url = keyferry_core::url::Endpoint::parse("http://127.0.0.1:1").unwrap();
    })
    .await;
    let (status, body) = app.get("/api/v1/providers").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["proxy_problem"]["error"], "proxy_unreachable");
    assert!(body["providers"].as_array().unwrap().iter().any(|provider| provider["name"] == "jira"));
    let (_, jira) = app.get("/api/v1/providers/jira").await;
    assert_eq!(jira["redirect_uri"], format!("http://{}/oauth/callback/jira", app.app.address()));
    assert_eq!(jira["source"], "built in");
    app.shutdown().await;
}
