//! The app where files, threads or processes are scarce: who comes too much is told so, nothing spins, and all goes on afterwards.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use reqwest::StatusCode;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::support::{Service, World, after, until};

/// The part of a second that `/proc` counts in.
const TICK: u64 = 100;
/// Long enough to tell a loop that spins from one that pauses.
const WHILE: Duration = Duration::from_secs(1);

/// The processor time that a process has used, in hundredths of a second.
fn used(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap().split(' ').collect();
    [11, 12].map(|field| fields[field].parse::<u64>().unwrap()).iter().sum()
}

/// How many files a process may open from now on.
fn allow_files(pid: u32, files: u64) {
    let pid = Pid::from_raw(pid.cast_signed()).unwrap();
    prlimit(Some(pid), Resource::Nofile, Rlimit { current: Some(files), maximum: Some(64) }).unwrap();
}

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// The status line of the answer to a question for the app's health.
fn health(mut stream: &TcpStream, url: &str) -> String {
    let host = url.trim_start_matches("http://");
    _ = write!(stream, "GET /health HTTP/1.1\r\nhost: {host}\r\n\r\n");
    status_line(stream)
}

fn status_line(mut stream: &TcpStream) -> String {
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    String::from_utf8_lossy(&line).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_few_files_the_app_turns_connections_away_and_goes_on_when_they_are_gone() {
    let world = World::new().await;
    let proxy = world.proxy();
    let app = Service::start(after("ulimit -n 64", &world.command(&["app"])));
    assert_eq!(world.install().await.code, 0);

    let held: Vec<_> = (0..100).map(|_| connect(&app.url)).collect();
    assert!(health(&held[0], &app.url).ends_with("200"));
    let turned_away = held[50..].iter().filter(|stream| status_line(stream).ends_with("503")).count();
    assert_eq!(turned_away, 50);
    drop(held);
    until("it serves again", || world.run(&["call", "sandbox-notes", "whoami"]).code == 0);

    let token = std::fs::read_to_string(world.path("data/api-token")).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let post = async |what: &str| {
        let url = format!("{}/api/v1/servers/sandbox-notes/{what}", app.url);
        let reply =
            http.post(url).bearer_auth(token.trim()).json(&serde_json::json!({})).send().await.unwrap();
        (reply.status(), reply.text().await.unwrap())
    };
    assert_eq!(post("stop").await.0, StatusCode::OK);
    allow_files(app.pid(), 3);
    let waiting = connect(&app.url);
    let before = used(app.pid());
    std::thread::sleep(WHILE);
    let spent = used(app.pid()) - before;
    assert!(spent < TICK / 4, "{spent} hundredths of a second went into connections that can't be accepted");
    // Over the connection that it has.
    let (status, problem) = post("start").await;
    assert!(status.is_server_error() && problem.contains("Too many open files"), "{status} {problem}");
    allow_files(app.pid(), 64);
    assert!(health(&waiting, &app.url).ends_with("200"));
    assert_eq!(post("start").await.0, StatusCode::OK);
    assert_eq!(world.run(&["call", "sandbox-notes", "whoami"]).code, 0);
    assert_eq!(app.end(&world), 0);
    proxy.end(&world);
    world.end().await;
}
