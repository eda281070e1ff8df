//! `keyferry sandbox serve`, and how a sandbox ends.

use std::time::Duration;

use keyferry_sandbox::{Fault, SandboxSecret, Switch, Target, serve};
use tokio::sync::oneshot;

use crate::support::*;

#[tokio::test]
async fn serve_runs_until_told_to_stop_and_announces_what_the_proxy_needs() {
    let serving =
        serve(([127, 0, 0, 1], 0).into(), Some(SandboxSecret::new("given")), "ms-teams".parse().unwrap())
            .await
            .unwrap();
    let announcement = serving.announcement();
    let text = announcement.expose_text();
    assert!(
        text.contains("MS_TEAMS_CLIENT_ID=keyferry-sandbox\n")
            && text.contains("MS_TEAMS_CLIENT_SECRET=given\n")
    );
    assert_eq!(announcement.expose_json()["client_secret"], "given");
    assert!(!format!("{announcement:?} {serving:?}").contains("given\""));
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serving.until(async { stopped.await.unwrap() }));
    let metadata = format!("{}/.well-known/oauth-authorization-server", announcement.base_url);
    assert_eq!(http().get(&metadata).send().await.unwrap().status(), 200);
    stop.send(()).unwrap();
    server.await.unwrap();
    assert!(http().get(&metadata).send().await.unwrap_err().is_connect());
}

#[tokio::test]
async fn shutdown_lets_a_request_in_flight_finish() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    sandbox.faults().add(Switch::forever(Target::Token, Fault::Slow { milliseconds: 300 }));
    let secret = sandbox.client_secret().expose_secret().to_owned();
    let mut fields = redemption(&code);
    fields.extend([("client_id", "keyferry-sandbox"), ("client_secret", &secret)]);
    let request = post_form(&sandbox, "/token", &fields);
    let reply = tokio::spawn(send(request));
    while sandbox.counters().token_requests() == 0 {
        tokio::task::yield_now().await;
    }
    sandbox.shutdown().await;
    assert_eq!(reply.await.unwrap().status, 200);
}

#[tokio::test]
async fn dropping_a_sandbox_frees_its_port() {
    let sandbox = sandbox().await;
    let address = sandbox.address();
    drop(sandbox);
    let freed = async {
        while tokio::net::TcpListener::bind(address).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), freed).await.unwrap();
}

#[tokio::test]
async fn connections_beyond_the_bound_wait_for_their_turn() {
    let sandbox = sandbox_with(|config| config.limits.connections = 1).await;
    let idle = tokio::net::TcpStream::connect(sandbox.address()).await.unwrap();
    let url = format!("{}/.well-known/oauth-authorization-server", sandbox.base_url());
    let mut waiting = tokio::spawn(send(http().get(url)));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut waiting).await.is_err());
    drop(idle);
    assert_eq!(waiting.await.unwrap().status, 200);
}
