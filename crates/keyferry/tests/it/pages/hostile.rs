//! A page of another origin, in the same browser and at the same time as the app's own, tries to read and to write. One test a trick.

use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::Stage;
use crate::support::Tab;

/// Another origin: a server that answers everything with an empty page, and notes what it is asked for.
struct Elsewhere {
    /// On the same host as the app, another port: the same site to a browser, which would send the app's cookie.
    same_site: String,
    /// By another name of this machine: another site.
    other_site: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Elsewhere {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let noted = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let noted = Arc::clone(&noted);
                tokio::spawn(async move {
                    let mut head = vec![0; 16 * 1024];
                    let read = stream.read(&mut head).await.unwrap_or(0);
                    noted.lock().unwrap().push(String::from_utf8_lossy(&head[..read]).into_owned());
                    let body = "<!doctype html><title>elsewhere</title><iframe name=frame></iframe>";
                    let answer = format!(
                        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
                        body.len()
                    );
                    _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self {
            same_site: format!("http://127.0.0.1:{port}/"),
            other_site: format!("http://localhost:{port}/"),
            asked,
        }
    }
}

/// A server is installed, the app's pages are open, and beside them a page of another origin, on which `trick` is tried, once from the same
/// site and once from another. Whatever it tries, the server runs on, and nothing that it reads is the app's.
async fn tried(trick: impl AsyncFn(&Stage, &Tab)) {
    let Some(stage) = Stage::set().await else { return };
    let own = stage.tab().await;
    stage.install(&own).await;
    let elsewhere = Elsewhere::start().await;
    let before = stage.world.json(&["status", "sandbox-notes"]);
    let hostile = stage.chromium.tab().await;
    for origin in [&elsewhere.same_site, &elsewhere.other_site] {
        hostile.go(origin).await;
        trick(&stage, &hostile).await;
    }
    let after = stage.world.json(&["status", "sandbox-notes"]);
    assert_eq!(after["state"], "running");
    assert_eq!((&after["restarts"], &after["pid"]), (&before["restarts"], &before["pid"]), "a trick wrote");
    assert!(stage.world.sandbox.counters().revocation_requests == 0 && stage.world.connections().len() == 1);
    // The person's own page still works: nothing was turned off for them.
    own.go(&stage.at("/servers")).await;
    own.says("Sandbox Notes").await;
    assert!(!elsewhere.asked.lock().unwrap().is_empty());
    stage.end().await;
}

/// What a fetch comes to: its status and its text, or that it was refused.
async fn fetched(tab: &Tab, url: &str, options: &str) -> Value {
    let url = Value::from(url);
    tab.awaited(&format!(
        "try {{ const answer = await fetch({url}, {options}); return answer.type + ' ' + answer.status + ' ' + await answer.text(); }} \
         catch (error) {{ return 'refused'; }}"
    ))
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_of_another_origin_reads_nothing() {
    tried(async |stage, tab| {
        for path in ["/servers", "/accounts", "/events", "/api/v1/servers", "/openapi.json", "/mcp"] {
            for options in ["{credentials: 'include'}", "{credentials: 'include', mode: 'no-cors'}"] {
                let read = fetched(tab, &stage.at(path), options).await;
                let read = read.as_str().unwrap();
                assert!(read == "refused" || read == "opaque 0 ", "{path} {options}: {read}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_of_another_origin_writes_nothing() {
    tried(async |stage, tab| {
        for path in ["/servers/sandbox-notes/stop", "/servers/sandbox-notes/uninstall", "/api/v1/servers/sandbox-notes/stop"] {
            for kind in ["application/x-www-form-urlencoded", "text/plain", "application/json"] {
                for mode in ["cors", "no-cors"] {
                    let options = format!(
                        "{{method: 'POST', credentials: 'include', mode: '{mode}', headers: {{'content-type': '{kind}'}}, body: '{{}}'}}"
                    );
                    let read = fetched(tab, &stage.at(path), &options).await;
                    let read = read.as_str().unwrap();
                    assert!(read == "refused" || read == "opaque 0 ", "{path} {kind} {mode}: {read}");
                }
            }
        }
        let read = fetched(tab, &stage.at("/api/v1/servers/sandbox-notes"), "{method: 'DELETE', credentials: 'include'}").await;
        assert_eq!(read, "refused");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_form_of_another_origin_writes_nothing() {
    tried(async |stage, tab| {
        for (method, path) in [
            ("post", "/servers/sandbox-notes/stop"),
            ("post", "/servers/sandbox-notes/uninstall"),
            ("get", "/servers/sandbox-notes/stop"),
            ("post", "/api/v1/servers/sandbox-notes/stop"),
        ] {
            let url = Value::from(stage.at(path));
            let sent = tab
                .awaited(&format!(
                    "const frame = document.querySelector('iframe'); \
                     const done = new Promise(resolve => frame.addEventListener('load', resolve, {{once: true}})); \
                     const form = document.createElement('form'); form.method = '{method}'; form.action = {url}; form.target = 'frame'; \
                     form.innerHTML = '<input name=form_token value=guessed>'; document.body.append(form); form.submit(); \
                     await done; let read; try {{ read = frame.contentDocument?.body?.innerText ?? 'nothing'; }} catch {{ read = 'nothing'; }} \
                     form.remove(); return read;"
                ))
                .await;
            assert_eq!(sent, "nothing", "{method} {path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_a_script_a_style_and_a_frame_of_ours_are_not_had_elsewhere() {
    tried(async |stage, tab| {
        for (element, attribute) in [("img", "src"), ("script", "src"), ("link rel=stylesheet", "href"), ("iframe", "src"), ("object", "data")] {
            for path in ["/servers/sandbox-notes/stop", "/servers", "/api/v1/servers"] {
                let url = stage.at(path);
                let came = tab
                    .awaited(&format!(
                        "const holder = document.createElement('div'); holder.innerHTML = `<{element}>`; const one = holder.firstChild; \
                         const fresh = document.createElement(one.tagName); for (const a of one.attributes) fresh.setAttribute(a.name, a.value); \
                         const came = new Promise(resolve => {{ fresh.onload = () => resolve('load'); fresh.onerror = () => resolve('error'); setTimeout(() => resolve('none'), 1500); }}); \
                         fresh.setAttribute('{attribute}', '{url}'); document.body.append(fresh); let told = await came; \
                         try {{ if (fresh.contentDocument?.body?.innerText) told += ' read'; }} catch {{}} fresh.remove(); return told;"
                    ))
                    .await;
                let came = came.as_str().unwrap();
                assert!(!came.contains("read"), "{element} {path}: {came}");
                if !["iframe", "object"].contains(&element) {
                    assert_ne!(came, "load", "{element} {path}");
                }
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_socket_and_a_stream_of_another_origin_are_refused() {
    tried(async |stage, tab| {
        let address = stage.app.url.trim_start_matches("http://").to_owned();
        for path in ["/mcp", "/events", "/api/v1/events"] {
            let opened = tab
                .awaited(&format!(
                    "return await new Promise(resolve => {{ const socket = new WebSocket('ws://{address}{path}'); \
                     socket.onopen = () => resolve('open'); socket.onerror = () => resolve('refused'); }});"
                ))
                .await;
            assert_eq!(opened, "refused", "{path}");
            let heard = tab
                .awaited(&format!(
                    "return await new Promise(resolve => {{ const stream = new EventSource('http://{address}{path}', {{withCredentials: true}}); \
                     stream.onopen = () => resolve('open'); stream.onerror = () => {{ stream.close(); resolve('refused'); }}; }});"
                ))
                .await;
            assert_eq!(heard, "refused", "{path}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_another_origin_opens_on_a_page_of_ours_shows_it_nothing() {
    tried(async |stage, tab| {
        let url = Value::from(stage.at("/servers/sandbox-notes"));
        let read = tab
            .awaited(&format!(
                "const other = window.open({url}); await new Promise(resolve => setTimeout(resolve, 1200)); let read; \
                 try {{ read = other.document.body.innerText; }} catch {{ read = 'nothing'; }} other?.close(); return read ?? 'nothing';"
            ))
            .await;
        assert!(read == "nothing" || read == "", "{read}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_that_is_bound_to_this_machine_anew_is_no_name_of_ours() {
    let Some(stage) = Stage::set().await else { return };
    let own = stage.tab().await;
    stage.install(&own).await;
    // What a page gets that has its own name lead to 127.0.0.1: the browser's request, with that name as its host.
    let port = stage.app.url.rsplit(':').next().unwrap().to_owned();
    let tab = stage.chromium.tab().await;
    tab.go(&format!("http://rebound.localhost:{port}/servers")).await;
    tab.says("this host is not the app's").await;
    let read = tab.value("document.body.innerText").await.unwrap();
    assert!(!read.as_str().unwrap().contains("Notes"), "{read}");
    for path in ["/servers", "/api/v1/servers", "/"] {
        let read = fetched(&tab, path, "{}").await;
        let read = read.as_str().unwrap();
        assert!(read == "refused" || read.starts_with("basic 421"), "{read}");
    }
    let wrote = fetched(&tab, "/servers/sandbox-notes/stop", "{method: 'POST'}").await;
    assert!(wrote == "refused" || wrote.as_str().unwrap().starts_with("basic 421"), "{wrote}");
    assert_eq!(stage.world.json(&["status", "sandbox-notes"])["state"], "running");
    stage.end().await;
}
