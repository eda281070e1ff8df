//! What a stranger on this machine, or a page in its browser, gets of `/mcp`: nothing, whatever it sends.

use std::collections::HashSet;

use reqwest::{Method, StatusCode, header};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{app_with, two_clients};
use crate::support::{TestApp, client};

const PATHS: [&str; 2] = ["/mcp", "/mcp/alpha"];

fn initialize() -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "raw", "version": "1" },
    } })
    .to_string()
}

/// The code and the head of the answer to a request to open a session, with this target and these further lines.
async fn opened(app: &TestApp, target: &str, lines: &str) -> (u16, String) {
    let body = initialize();
    let request = format!(
        "POST {target} HTTP/1.1\r\n{lines}content-type: application/json\r\naccept: application/json, text/event-stream\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(app.app.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = vec![0; 4096];
    let read = stream.read(&mut reply).await.unwrap();
    let head = String::from_utf8_lossy(reply.get(..read).unwrap()).to_lowercase();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head)
}

fn bearer(app: &TestApp) -> String {
    format!("authorization: Bearer {}\r\n", app.app.api_token().expose_secret())
}

#[tokio::test]
async fn only_the_apps_own_hosts_with_its_port_open_a_session() {
    let app = app_with(&["alpha"]).await;
    let (own, port, bearer) = (app.app.address().to_string(), app.app.address().port(), bearer(&app));
    for path in PATHS {
        for host in [&own, &format!("localhost:{port}"), &format!("[::1]:{port}")] {
            let (code, head) = opened(&app, path, &format!("host: {host}\r\n{bearer}")).await;
            assert!(code == 200 && head.contains("mcp-session-id"), "{host}: {head}");
        }
        let foreign = [
            "evil.test",
            "",
            "127.0.0.1",
            "localhost",
            "127.0.0.1:1",
            &format!("evil.test:{port}"),
            &format!("localhost.evil.test:{port}"),
            &format!("127.0.0.1.nip.io:{port}"),
            &format!("127.1:{port}"),
            &format!("0.0.0.0:{port}"),
            &format!("localhost.:{port}"),
            &format!("{own}@evil.test"),
        ];
        let hosts = foreign.iter().map(|host| (path.to_owned(), format!("host: {host}\r\n")));
        let odd = [
            (path.to_owned(), String::new()),
            (path.to_owned(), format!("host: {own}\r\nhost: {own}\r\n")),
            (path.to_owned(), format!("host: {own}\r\nhost: evil.test\r\n")),
            (format!("http://evil.test{path}"), format!("host: {own}\r\n")),
            (format!("http://{own}{path}"), "host: evil.test\r\n".to_owned()),
        ];
        for (target, lines) in hosts.chain(odd) {
            let (code, head) = opened(&app, &target, &format!("{lines}{bearer}")).await;
            assert!(
                [400, 421].contains(&code) && !head.contains("mcp-session-id"),
                "{target} {lines}: {head}"
            );
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_page_of_another_origin_opens_and_reads_nothing_even_with_the_token() {
    let app = app_with(&["alpha"]).await;
    let own = app.app.address().to_string();
    let allowed = format!("host: {own}\r\n{}", bearer(&app));
    for path in PATHS {
        assert_eq!(opened(&app, path, &format!("{allowed}origin: http://{own}\r\n")).await.0, 200);
        for more in [
            "origin: null",
            "origin: http://localhost:3000",
            "origin: https://evil.test",
            "origin: http://127.0.0.1:1",
            "origin: ",
            &format!("origin: https://{own}"),
            &format!("origin: http://{own}.evil.test"),
            &format!("origin: http://{own}\r\norigin: https://evil.test"),
            "sec-fetch-site: cross-site",
            "sec-fetch-site: same-site",
        ] {
            let (code, head) = opened(&app, path, &format!("{allowed}{more}\r\n")).await;
            assert_eq!(code, 403, "{path} {more}: {head}");
            assert!(!head.contains("mcp-session-id") && !head.contains("access-control-"), "{head}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn nothing_but_the_token_in_its_header_opens_any_method() {
    let app = app_with(&["alpha"]).await;
    let (own, token) = (app.app.address(), app.app.api_token().expose_secret().to_owned());
    let host = format!("host: {own}\r\n");
    for path in PATHS {
        for (target, lines) in [
            (path.to_owned(), String::new()),
            (path.to_owned(), "authorization: Bearer \r\n".to_owned()),
            (path.to_owned(), "authorization: Bearer wrong\r\n".to_owned()),
            (path.to_owned(), format!("authorization: Basic {token}\r\n")),
            (path.to_owned(), format!("authorization: Bearer {}\r\n", token.split_at(token.len() - 1).0)),
            (path.to_owned(), format!("authorization: Bearer {token}x\r\n")),
            (path.to_owned(), format!("authorization: Bearer {token}\r\nauthorization: Bearer {token}\r\n")),
            (path.to_owned(), format!("cookie: token={token}\r\n")),
            (format!("{path}?access_token={token}"), String::new()),
        ] {
            let (code, head) = opened(&app, &target, &format!("{host}{lines}")).await;
            assert_eq!(code, 401, "{path} {lines}: {head}");
            assert!(head.contains("www-authenticate: bearer"), "{head}");
        }
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        {
            let response = client().request(method.clone(), app.url(path)).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
        }
    }
    app.shutdown().await;
}

#[tokio::test]
async fn a_session_of_anothers_is_told_apart_from_none_by_nothing() {
    let (app, cursor, gemini) = two_clients().await;
    let send = async |token: &str, method: Method, session: Option<&str>, body: &str| {
        let mut request = client().request(method, app.url("/mcp")).bearer_auth(token);
        request = request.header(header::ACCEPT, "application/json, text/event-stream");
        request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned());
        if let Some(session) = session {
            request = request.header("mcp-session-id", session);
        }
        request.send().await.unwrap()
    };
    let opened = send(&cursor, Method::POST, None, &initialize()).await;
    let id = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let ping = r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    for (method, body) in [(Method::POST, ping), (Method::GET, ""), (Method::DELETE, "")] {
        let mut answers = HashSet::new();
        for session in [&id, "made-up", "00000000-0000-4000-8000-000000000000", "../x"] {
            let answer = send(&gemini, method.clone(), Some(session), body).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{method} {session}");
            answers.insert(answer.text().await.unwrap());
        }
        assert_eq!(answers.len(), 1, "{answers:?}");
    }
    assert_eq!(
        send(&cursor, Method::POST, Some(&id), ping).await.status(),
        StatusCode::OK,
        "it is still there"
    );
    app.shutdown().await;
}

#[tokio::test]
async fn no_session_has_an_id_that_could_be_guessed() {
    let app = app_with(&[]).await;
    let mut ids = HashSet::new();
    for _ in 0..200 {
        let (_, head) =
            opened(&app, "/mcp", &format!("host: {}\r\n{}", app.app.address(), bearer(&app))).await;
        let (_, id) = head.split_once("mcp-session-id: ").unwrap();
        let id = id.lines().next().unwrap().to_owned();
        assert!(id.bytes().filter(u8::is_ascii_hexdigit).count() >= 32, "{id}");
        assert!(ids.insert(id), "an id came twice");
    }
    app.shutdown().await;
}
