//! `/health`, `/ready`, `/openapi.json`, and what is no route.

use reqwest::Method;

use crate::support::*;

#[tokio::test]
async fn it_says_that_it_lives_is_ready_and_what_it_offers() {
    let (_sandbox, proxy) = pair().await;
    assert_eq!(proxy.get("/health").await.json()["status"], "ok");
    assert_eq!(proxy.get("/ready").await.json()["status"], "ready");
    let description = proxy.get("/openapi.json").await;
    assert_eq!(description.header("content-type"), Some("application/json"));
    assert!(description.json()["paths"]["/oauth/token"]["post"].is_object());
}

#[tokio::test]
async fn another_path_is_404_and_another_method_405_both_as_error_objects() {
    let (sandbox, proxy) = pair().await;
    let table = [
        (Method::GET, "/", 404),
        (Method::GET, "/oauth", 404),
        (Method::POST, "/oauth/token/", 404),
        (Method::POST, "//oauth/token", 404),
        (Method::POST, "/OAUTH/TOKEN", 404),
        (Method::GET, "/debug/pprof", 404),
        (Method::GET, "/oauth/token", 405),
        (Method::HEAD, "/oauth/token", 405),
        (Method::PUT, "/oauth/token", 405),
        (Method::OPTIONS, "/oauth/token", 405),
        (Method::GET, "/oauth/revoke", 405),
        (Method::POST, "/oauth/providers", 405),
        (Method::DELETE, "/health", 405),
        (Method::from_bytes(b"BREW").unwrap(), "/health", 405),
    ];
    for (method, path, status) in table {
        let reply = send(http().request(method.clone(), proxy.url(path))).await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert!(method == Method::HEAD || reply.json()["error"] == "invalid_request", "{method} {path}");
        assert!(reply.header("x-request-id").is_some());
        assert_eq!(reply.header("allow").is_some(), status == 405, "{method} {path}");
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
}

#[tokio::test]
async fn a_page_gets_nothing_from_any_route() {
    let (sandbox, proxy) = pair().await;
    for origin in ["https://evil.test", "null", "http://127.0.0.1:7666", ""] {
        for path in ["/oauth/token", "/oauth/revoke", "/oauth/providers", "/health", "/metrics", "/nowhere"] {
            for method in [Method::OPTIONS, Method::GET, Method::POST] {
                let request = http()
                    .request(method, proxy.url(path))
                    .header("origin", origin)
                    .header("access-control-request-method", "POST")
                    .json(&redemption("a-code"));
                let reply = send(request).await;
                assert_eq!(reply.error(), error(403, "access_denied"), "{origin} {path}");
                let cors = reply.headers.keys().any(|name| name.as_str().starts_with("access-control-"));
                assert!(!cors, "{origin} {path}");
            }
        }
    }
    assert_eq!(sandbox.counters().token_requests(), 0);
}
