//! How much memory a proxy takes of which callers have as much held as it lets them.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    idle::{connections, enough_files},
    stage::{Kept, Stage, address, refresh, until},
};
use crate::support::{Container, Service};

/// What it may take by default beside its program's file, in KiB.
const MOST: usize = 96 * 1024;
/// The longest body that is read.
const LONGEST: usize = 16 * 1024;
/// Bodies in parts of a byte. Kept as they come, each would take forty times its size.
const IN_BYTES: usize = 16;
/// What they may take together, in KiB.
const MOST_IN_BYTES: usize = 4 * 1024;
/// Requests that are taken at once by default, and the other connections, but for that of the test's own questions.
const UNDER_WAY: usize = 1_024;
const BEYOND: usize = 2_048 - UNDER_WAY - 1;

/// The most that a process had in memory, without what is the file of its program, in KiB.
fn most(proxy: &Service) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", proxy.pid())).unwrap();
    let field = |name| status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next());
    let [most, file] = ["VmHWM:", "RssFile:"].map(|name| field(name).unwrap().parse::<usize>().unwrap());
    most - file
}

const HEAD: &str = "POST /oauth/token HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

/// The longest body, but for its last byte.
fn longest(n: usize) -> String {
    format!("{:<1$}", refresh(&format!("r{n}")).to_string(), LONGEST - 1)
}

/// Sends each a request with the longest body, but for its last byte.
async fn begin(all: &mut [TcpStream]) {
    let begun = all.iter_mut().enumerate().map(async |(n, stream)| {
        let request = format!("{HEAD}content-length: {LONGEST}\r\n\r\n{}", longest(n));
        stream.write_all(request.as_bytes()).await
    });
    // Who was turned away meanwhile is told later.
    drop(join_all(begun).await);
}

/// Ends each request. Answers the statuses; none for one that was turned away without.
async fn end(all: &mut [TcpStream], end: &str) -> Vec<Option<u16>> {
    let ended = all.iter_mut().map(async |stream| {
        // Who was refused before can't write, but has an answer to read.
        let _ = stream.write_all(end.as_bytes()).await;
        status(stream).await
    });
    join_all(ended).await
}

async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut line = [0; 12];
    stream.read_exact(&mut line).await.ok()?;
    std::str::from_utf8(&line[9..]).unwrap().parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_of_which_callers_have_all_held_that_it_takes_stays_small() {
    if !enough_files() {
        return;
    }
    let stage = Stage::new(Duration::from_millis(5)).await;
    let proxy = stage.proxy(&[("KEYFERRY_LOG", "warn")]);
    let mut own = Kept::to(&proxy).await;
    assert_eq!(own.refresh("first").await.0, 200);
    let at_rest = most(&proxy);
    let mut under_way = connections(UNDER_WAY, [127, 0, 0, 1], address(&proxy)).await;
    let mut beyond = connections(BEYOND, [127, 0, 0, 2], address(&proxy)).await;
    begin(&mut under_way).await;
    until("no more are taken", async || own.refresh("more").await.0 == 503).await;
    begin(&mut beyond).await;
    let refused = join_all(beyond.iter_mut().map(status)).await;
    assert!(refused.iter().all(|status| *status == Some(503)), "{refused:?}");
    let ended = end(&mut under_way, " ").await;
    // All at once are too many for one provider.
    assert!(ended.iter().all(|status| [Some(200), Some(503)].contains(status)), "{ended:?}");
    let served = ended.iter().filter(|status| **status == Some(200)).count();
    assert!(served >= 256, "{served} were served");
    drop((under_way, beyond));
    assert_eq!(own.refresh("last").await.0, 200);
    let most = most(&proxy);
    println!("{at_rest} KiB at rest, {most} KiB at most; {served} of {UNDER_WAY} were served at once");
    assert!(most < MOST, "{most} KiB");
    stage.end(proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bodies_in_parts_of_a_byte_take_the_room_of_bodies() {
    let stage = Stage::new(Duration::ZERO).await;
    let proxy = stage.proxy(&[]);
    assert_eq!(Kept::to(&proxy).await.refresh("first").await.0, 200);
    let at_rest = most(&proxy);
    let mut all = connections(IN_BYTES, [127, 0, 0, 1], address(&proxy)).await;
    for (n, stream) in all.iter_mut().enumerate() {
        let parts: String = longest(n).chars().flat_map(|byte| ['1', '\r', '\n', byte, '\r', '\n']).collect();
        stream
            .write_all(format!("{HEAD}transfer-encoding: chunked\r\n\r\n{parts}").as_bytes())
            .await
            .unwrap();
    }
    assert_eq!(end(&mut all, "1\r\n \r\n0\r\n\r\n").await, [Some(200); IN_BYTES]);
    let grown = most(&proxy) - at_rest;
    println!("{grown} KiB for {IN_BYTES} bodies of {LONGEST} bytes");
    assert!(grown < MOST_IN_BYTES, "{grown} KiB");
    stage.end(proxy).await;
}

/// As it is deployed, and in half of that, for a proxy that was told to take few connections.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_in_a_small_container_turns_away_what_is_too_much_and_lives() {
    if !enough_files() {
        return;
    }
    // Of few connections three quarters are one address's, and one of these is the test's own.
    for (memory, connections_in_all, taken) in [("128m", "2048", 1_500), ("64m", "400", 299)] {
        let Some(container) = Container::new() else { return };
        let stage = Stage::new(Duration::from_millis(5)).await;
        let variables = [("KEYFERRY_PROXY_CONNECTIONS", connections_in_all), ("KEYFERRY_LOG", "warn")];
        let command = stage.command("127.0.0.1:0", &variables);
        let proxy = stage.started(container.with_memory(memory, &command));
        let mut own = Kept::to(&proxy).await;
        let mut many = connections(1_500, [127, 0, 0, 1], address(&proxy)).await;
        begin(&mut many).await;
        assert!([200, 503].contains(&own.refresh("meanwhile").await.0), "{memory}");
        let ended = end(&mut many, " ").await;
        let count = |sought: Option<u16>| ended.iter().filter(|status| **status == sought).count();
        let told = [count(None), count(Some(200)), count(Some(503))];
        println!("{memory}: {} were closed, {} served, {} refused", told[0], told[1], told[2]);
        assert_eq!((told[0], told[1] + told[2]), (1_500 - taken, taken), "{memory}: {told:?}");
        assert!(told[1] >= 256, "{memory}: {told:?}");
        drop(many);
        assert_eq!(own.refresh("last").await.0, 200, "{memory}");
        stage.end(proxy).await;
    }
}
