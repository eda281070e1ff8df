//! A proxy that may open few files, or has none left.

use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    raw::{self, RawProvider},
    stage::{Kept, Stage, address, until},
};
use crate::support::{Service, after};

/// A part of the second that `/proc` counts in hundredths of.
const MOST_SPENT: u64 = 25;

/// The processor time that a process has used, in hundredths of a second.
fn used(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    [11, 12].map(|field| fields[field].parse::<u64>().unwrap()).iter().sum()
}

/// What it spends in a second in which nobody asks.
async fn spent(proxy: &Service) -> u64 {
    let before = used(proxy.pid());
    tokio::time::sleep(Duration::from_secs(1)).await;
    used(proxy.pid()) - before
}

fn allow_files(proxy: &Service, files: u64) {
    let pid = Pid::from_raw(proxy.pid().cast_signed()).unwrap();
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(files), maximum: Some(64) }).unwrap();
}

/// A provider that closes each connection, so that each exchange needs a file for one.
async fn closing() -> RawProvider {
    RawProvider::answering_once(raw::json("200 OK", r#"{"access_token":"a"}"#)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_raises_its_limit_of_files_and_says_when_that_is_too_low() {
    for (script, files, warned) in
        [("ulimit -Sn 64; ulimit -Hn 4096", "4096", false), ("ulimit -n 64", "64", true)]
    {
        let stage = Stage::before(closing().await).await;
        let proxy = stage.started(after(script, &stage.command("127.0.0.1:0", &[])));
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", proxy.pid())).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
        assert_eq!(line.split_whitespace().nth(3), Some(files), "{line}");
        let log = stage.log();
        assert_eq!(log.contains("too few files") && log.contains("\"connections\":15"), warned, "{log}");
        stage.end(proxy).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_few_files_a_proxy_takes_fewer_connections_and_still_reaches_providers() {
    let stage = Stage::before(closing().await).await;
    let all = [("KEYFERRY_PROXY_CONNECTIONS_PER_ADDRESS", "2048")];
    let proxy = stage.started(after("ulimit -n 64", &stage.command("127.0.0.1:0", &all)));
    let mut caller = Kept::to(&proxy).await;
    assert_eq!(caller.refresh("r0").await.0, 200);
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(TcpStream::connect(address(&proxy)).await.unwrap());
    }
    until("it is full", async || caller.metric("keyferry_proxy_connections").await == 15).await;
    assert!(spent(&proxy).await < MOST_SPENT, "it spins while connections wait");
    // Who is in is served, to the provider and back.
    for n in 1..20 {
        assert_eq!(caller.refresh(&format!("r{n}")).await.0, 200);
    }
    // Who waits is served when there is room.
    let mut last = held.pop().unwrap();
    last.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    drop(held);
    let mut reply = String::new();
    last.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    stage.end(proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_without_a_file_left_says_so_and_goes_on_when_there_are_some() {
    let stage = Stage::before(closing().await).await;
    let proxy = stage.started(after("ulimit -n 64", &stage.command("127.0.0.1:0", &[])));
    let mut caller = Kept::to(&proxy).await;
    assert_eq!(caller.refresh("r").await.0, 200);
    allow_files(&proxy, 3);
    let mut waiting = TcpStream::connect(address(&proxy)).await.unwrap();
    waiting.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(spent(&proxy).await < MOST_SPENT, "it spins on connections that it can't accept");
    // Over the connection that it has. So many would have had the provider rest, which is well.
    for n in 0..12 {
        let (status, head) = caller.refresh(&format!("r{n}")).await;
        assert!(status == 503 && head.contains("retry-after: 1\r\n"), "{head}");
    }
    let counted =
        "keyferry_proxy_exchanges_total{provider=\"acme\",grant=\"refresh_token\",outcome=\"no_files\"}";
    assert_eq!(caller.metric(counted).await, 12);
    allow_files(&proxy, 64);
    assert_eq!(caller.refresh("r12").await.0, 200);
    let mut reply = String::new();
    waiting.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    assert_eq!(stage.asked(), ["r", "r12"], "the provider heard of the others");
    assert_eq!(stage.log().matches("connections can not be accepted").count(), 1, "{}", stage.log());
    stage.end(proxy).await;
}
