//! The guard, asked over the wire: raw requests, as no well-behaved client would send them.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::TestApp;

/// The status line's code of the answer to these bytes, or 0 for none.
async fn answer(app: &TestApp, request: &str) -> u16 {
    let mut stream = TcpStream::connect(app.app.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.ok();
    let reply = String::from_utf8_lossy(&reply).into_owned();
    reply.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn a_foreign_or_missing_host_is_refused_before_anything_else() {
    let app = TestApp::start().await;
    let own = app.app.address().to_string();
    let port = app.app.address().port();
    let end = "connection: close\r\n\r\n";
    assert_eq!(answer(&app, &format!("GET /health HTTP/1.1\r\nhost: {own}\r\n{end}")).await, 200);
    assert_eq!(answer(&app, &format!("GET /health HTTP/1.1\r\nhost: localhost:{port}\r\n{end}")).await, 200);
    assert_eq!(answer(&app, &format!("GET http://{own}/health HTTP/1.1\r\nhost: {own}\r\n{end}")).await, 200);
    let refused = [
        format!("GET /health HTTP/1.1\r\nhost: evil.test\r\n{end}"),
        format!("GET /health HTTP/1.1\r\nhost: localhost.evil.test:{port}\r\n{end}"),
        format!("GET /health HTTP/1.1\r\nhost: 127.0.0.1.nip.io:{port}\r\n{end}"),
        format!("GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n{end}"),
        format!("GET /health HTTP/1.1\r\nhost:\r\n{end}"),
        format!("GET /health HTTP/1.1\r\n{end}"),
        format!("GET /health HTTP/1.1\r\nhost: {own}\r\nhost: {own}\r\n{end}"),
        format!("GET /health HTTP/1.1\r\nhost: {own}\r\nhost: evil.test\r\n{end}"),
        format!("GET http://evil.test/health HTTP/1.1\r\nhost: {own}\r\n{end}"),
        format!("GET /oauth/callback/jira?code=a&state=b HTTP/1.1\r\nhost: evil.test\r\n{end}"),
    ];
    for request in refused {
        let code = answer(&app, &request).await;
        assert!([400, 421].contains(&code), "{code}: {request}");
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_web_page_gets_nowhere_even_with_the_token() {
    let app = TestApp::start().await;
    let (own, token) = (app.app.address(), app.app.api_token().expose_secret().to_owned());
    let head = format!("host: {own}\r\nauthorization: Bearer {token}\r\nconnection: close\r\n");
    let ask =
        async |more: &str| answer(&app, &format!("GET /api/v1/status HTTP/1.1\r\n{head}{more}\r\n")).await;
    assert_eq!(ask("").await, 200);
    assert_eq!(ask(&format!("origin: http://{own}\r\nsec-fetch-site: same-origin\r\n")).await, 200);
    for more in [
        "origin: null\r\n",
        "origin: https://evil.test\r\n",
        "origin: http://localhost:3000\r\n",
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        &format!("origin: http://{own}\r\norigin: https://evil.test\r\n"),
    ] {
        assert_eq!(ask(more).await, 403, "{more}");
    }
    let form = "content-type: application/x-www-form-urlencoded\r\ncontent-length: 3\r\n\r\na=b";
    assert_eq!(answer(&app, &format!("POST /api/v1/installs HTTP/1.1\r\n{head}{form}")).await, 415);
    app.shutdown().await;
}

#[tokio::test]
async fn smuggled_and_upgraded_requests_are_refused() {
    let app = TestApp::start().await;
    let (own, token) = (app.app.address(), app.app.api_token().expose_secret().to_owned());
    let head = format!(
        "host: {own}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\nconnection: close\r\n"
    );
    for request in [
        format!(
            "POST /api/v1/installs HTTP/1.1\r\n{head}content-length: 3\r\ncontent-length: 4\r\n\r\n{{}} "
        ),
        format!("GET /health HTTP/1.1\r\nhost: {own}\r\nx-a: b\r\n folded\r\nconnection: close\r\n\r\n"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
    ] {
        let code = answer(&app, &request).await;
        assert!(code == 0 || (400..500).contains(&code), "{code}: {request}");
    }
    app.shutdown().await;
}
