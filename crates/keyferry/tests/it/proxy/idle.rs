//! Many connections on which nobody asks, and those who do ask beside them.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::{join_all, try_join_all};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::interval,
};

use super::stage::{Kept, Stage, address, client, refresh, until};
use crate::support::Service;

const IDLE: usize = 10_000;
/// What both ends of them and of all else take, each in a process of its own.
const FILES: u64 = 12_000;
/// Requests in a second, and for how many.
const RATE: usize = 500;
const SECONDS: usize = 4;
/// Callers who make them, one after the other each.
const CALLERS: usize = 25;

/// Lets this process open as many files as the tests want, where the system lets it, which every machine of CI does.
pub(super) fn enough_files() -> bool {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let enough = current.is_none_or(|files| files >= FILES)
        || setrlimit(Resource::Nofile, Rlimit { current: Some(FILES), maximum }).is_ok();
    if !enough {
        println!("not run: this process may not open {FILES} files");
        assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI");
    }
    enough
}

/// What a process has in memory, in KiB.
fn memory(proxy: &Service) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", proxy.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// A connection from one of the machine's own addresses.
async fn connect(from: [u8; 4], to: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind((from, 0).into())?;
    socket.connect(to).await
}

/// So many of them, some at a time.
pub(super) async fn connections(count: usize, from: [u8; 4], to: SocketAddr) -> Vec<TcpStream> {
    let mut all = Vec::with_capacity(count);
    while all.len() < count {
        let some = (all.len()..count).take(200).map(|_| connect(from, to));
        all.extend(try_join_all(some).await.unwrap());
    }
    all
}

fn is_closed(stream: &TcpStream) -> bool {
    matches!(stream.try_read(&mut [0]), Ok(0))
}

/// Has so many connections open, for ever: one that the proxy has closed, as it does after 15 s, is made anew.
async fn keep(count: usize, to: SocketAddr) {
    let mut held: Vec<Option<TcpStream>> = (0..count).map(|_| None).collect();
    loop {
        let gone = held.iter().enumerate().filter(|(_, stream)| stream.as_ref().is_none_or(is_closed));
        let gone: Vec<_> = gone.map(|(at, _)| at).collect();
        for some in gone.chunks(200) {
            let again = connections(some.len(), [127, 0, 0, 1], to).await;
            some.iter().zip(again).for_each(|(at, stream)| held[*at] = Some(stream));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_idle_connections_take_nothing_from_those_who_ask() {
    if !enough_files() {
        return;
    }
    let stage = Stage::new(Duration::ZERO).await;
    let most = "10500";
    let proxy = stage.proxy(&[
        ("KEYFERRY_PROXY_CONNECTIONS", most),
        ("KEYFERRY_PROXY_CONNECTIONS_PER_ADDRESS", most),
        ("KEYFERRY_LOG", "warn"),
    ]);
    let open = async || Kept::to(&proxy).await.metric("keyferry_proxy_connections").await;
    assert_eq!(open().await, 1);
    let before = memory(&proxy);
    let idle = tokio::spawn(keep(IDLE, address(&proxy)));
    until("all are open", async || open().await > 10_000).await;
    let with_them = memory(&proxy);

    let begun = Instant::now();
    let callers = (0..CALLERS).map(async |caller| {
        let mut connection = Kept::to(&proxy).await;
        let mut pace =
            interval(Duration::from_secs(1) * u32::try_from(CALLERS).unwrap() / u32::try_from(RATE).unwrap());
        for n in 0..RATE * SECONDS / CALLERS {
            pace.tick().await;
            let (status, head) = connection.refresh(&format!("r{caller}-{n}")).await;
            assert_eq!(status, 200, "{head}");
        }
    });
    join_all(callers).await;
    let took = begun.elapsed();
    assert_eq!(stage.asked().len(), RATE * SECONDS);
    until("all are open still, or again", async || open().await > 10_000).await;
    println!(
        "{} exchanges in {took:.1?} beside {IDLE} idle connections; {before} KiB before them, {with_them} KiB with them",
        RATE * SECONDS
    );
    // What is held for one has a bound.
    let grown = with_them.saturating_sub(before);
    assert!(grown < IDLE * 24, "{grown} KiB for {IDLE}");
    idle.abort();
    let _ = idle.await;
    stage.end(proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_full_by_default_turns_one_address_away_and_has_the_others_wait() {
    if !enough_files() {
        return;
    }
    let stage = Stage::new(Duration::ZERO).await;
    let proxy = stage.proxy(&[("KEYFERRY_LOG", "warn")]);
    let to = address(&proxy);
    let mut own = Kept::to(&proxy).await;
    let mut open = async || own.metric("keyferry_proxy_connections").await;
    assert_eq!(open().await, 1);
    // One address has three quarters, and what it has beyond them is closed.
    let many = connections(1_600, [127, 0, 0, 1], to).await;
    until("it has its share", async || open().await == 1_536).await;
    until("what is beyond it is closed", async || many.iter().filter(|one| is_closed(one)).count() == 65)
        .await;
    // Another one is served meanwhile, until all are taken. Then who comes waits for one to end.
    let neighbour = client().local_address(std::net::IpAddr::from([127, 0, 0, 2])).build().unwrap();
    let reply =
        neighbour.post(format!("{}/oauth/token", proxy.url)).json(&refresh("r")).send().await.unwrap();
    assert!(reply.text().await.unwrap().contains("access_token"));
    drop(neighbour);
    let mut rest = connections(512, [127, 0, 0, 3], to).await;
    until("it is full", async || open().await == 2_048).await;
    let mut late = connect([127, 0, 0, 4], to).await.unwrap();
    late.write_all(b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    let waited = tokio::time::timeout(Duration::from_millis(300), late.read_to_string(&mut reply)).await;
    assert!(waited.is_err() && reply.is_empty(), "{reply}");
    rest.truncate(500);
    late.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
    drop((many, rest));
    stage.end(proxy).await;
}
