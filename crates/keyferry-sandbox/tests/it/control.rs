//! The fault switches over HTTP.

use reqwest::{Method, RequestBuilder};
use serde_json::json;

use crate::support::*;

fn control(sandbox: &keyferry_sandbox::Sandbox, method: Method, path: &str) -> RequestBuilder {
    http().request(method, format!("{}/control/{path}", sandbox.base_url()))
}

#[tokio::test]
async fn without_the_control_key_nothing_is_switched() {
    let sandbox = sandbox().await;
    let switch = json!({ "target": "token", "fault": { "kind": "html" } }).to_string();
    for key in ["", "wrong", sandbox.client_secret().expose_secret()] {
        for (method, path) in [
            (Method::GET, "faults"),
            (Method::POST, "faults"),
            (Method::DELETE, "faults"),
            (Method::GET, "counters"),
        ] {
            let request = control(&sandbox, method, path).bearer_auth(key).body(switch.clone());
            assert_eq!(send(request).await.error(), (401, "control_key".to_owned()), "{path}");
        }
    }
    assert_eq!(send(control(&sandbox, Method::POST, "faults").body(switch)).await.status, 401);
    assert!(sandbox.faults().switches().is_empty());
}

#[tokio::test]
async fn with_it_faults_are_added_listed_and_cleared() {
    let sandbox = sandbox().await;
    let key = sandbox.control_key().expose_secret();
    let switch = json!({ "target": "token", "fault": { "kind": "status", "status": 503, "retry_after": "2" }, "times": 2, "grant": "refresh_token" });
    let add = control(&sandbox, Method::POST, "faults").bearer_auth(key).body(switch.to_string());
    assert_eq!(send(add).await.status, 204);
    let listed = send(control(&sandbox, Method::GET, "faults").bearer_auth(key)).await;
    assert_eq!(listed.json(), json!([switch]));
    let faulted = refresh(&sandbox, "any").await;
    assert_eq!((faulted.status.as_u16(), faulted.header("retry-after")), (503, "2"));
    let counters = send(control(&sandbox, Method::GET, "counters").bearer_auth(key)).await;
    assert_eq!(counters.json()["refresh_requests"], 1);
    assert_eq!(send(control(&sandbox, Method::DELETE, "faults").bearer_auth(key)).await.status, 204);
    assert_eq!(refresh(&sandbox, "any").await.status, 400);
}

#[tokio::test]
async fn a_switch_that_cannot_be_read_is_refused_with_the_reason() {
    let sandbox = sandbox().await;
    for body in [
        "",
        "[]",
        r#"{"target":"token"}"#,
        r#"{"target":"nowhere","fault":{"kind":"html"}}"#,
        r#"{"target":"token","fault":{"kind":"unknown"}}"#,
        r#"{"target":"token","fault":{"kind":"slow","milliseconds":-1}}"#,
        r#"{"target":"token","fault":{"kind":"html"},"extra":1}"#,
    ] {
        let key = sandbox.control_key().expose_secret();
        let reply = send(control(&sandbox, Method::POST, "faults").bearer_auth(key).body(body)).await;
        assert_eq!(reply.error(), (400, "invalid_switch".to_owned()), "{body}");
        assert!(!reply.json()["message"].as_str().unwrap().is_empty());
    }
}
