//! The inventory of routes, and what odd input does to them.

use reqwest::Method;

use crate::support::*;

/// Every route with its one or two methods.
const ROUTES: [(&str, &[&str]); 9] = [
    ("/authorize", &["GET", "HEAD"]),
    ("/authorize/decision", &["POST"]),
    ("/token", &["POST"]),
    ("/revoke", &["POST"]),
    ("/api/notes", &["GET", "HEAD", "POST"]),
    ("/api/me", &["GET", "HEAD"]),
    ("/control/faults", &["GET", "HEAD", "POST", "DELETE"]),
    ("/control/counters", &["GET", "HEAD"]),
    ("/.well-known/oauth-authorization-server", &["GET", "HEAD"]),
];

#[tokio::test]
async fn routes_have_their_methods_and_no_others() {
    let sandbox = sandbox().await;
    for (path, methods) in ROUTES {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
            let method_name: Method = method.parse().unwrap();
            let reply = send(http().request(method_name, format!("{}{path}", sandbox.base_url()))).await;
            assert_eq!(reply.status == 405, !methods.contains(&method), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn there_is_nothing_else() {
    let sandbox = sandbox().await;
    for path in
        ["/", "/debug", "/metrics", "/ledger", "/control", "/api", "/token/", "/authorize/", "/.well-known/"]
    {
        assert_eq!(send(http().get(format!("{}{path}", sandbox.base_url()))).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn odd_bytes_get_an_answer_everywhere() {
    let sandbox = sandbox().await;
    let access = tokens(&sandbox).await.access;
    let key = sandbox.control_key().expose_secret();
    let secret = sandbox.client_secret().expose_secret();
    let login = format!("client_id=keyferry-sandbox&client_secret={secret}&");
    let bodies: Vec<Vec<u8>> = vec![
        vec![],
        vec![0; 100],
        vec![0xff; 100],
        b"=&=&=&%00=%00".to_vec(),
        b"consent=%00&decision=allow&account=ada".to_vec(),
        "[".repeat(15_000).into_bytes(),
        "{\"text\":".repeat(1_000).into_bytes(),
        b"{\"text\":\"\\ud800\"}".to_vec(),
        format!("{login}grant_type=authorization_code&code=%F0%9F%A6%80&redirect_uri=%00&code_verifier=x")
            .into_bytes(),
        format!("{login}grant_type=refresh_token&refresh_token=%00%0A&scope=%20%20").into_bytes(),
        format!("{login}token=%00").into_bytes(),
    ];
    for (path, methods) in ROUTES {
        for body in &bodies {
            for bearer in [None, Some(&access), Some(&key.to_owned())] {
                let method: Method = methods[methods.len() - 1].parse().unwrap();
                let mut request = http()
                    .request(method, format!("{}{path}?%00=%ff&a", sandbox.base_url()))
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header("cookie", "sbx_consent_; =; \u{1}=".replace('\u{1}', "%"))
                    .body(body.clone());
                if let Some(bearer) = bearer {
                    request = request.bearer_auth(bearer);
                }
                let reply = send(request).await;
                assert!(reply.status.as_u16() < 500, "{path}: {}", reply.status);
            }
        }
    }
}
