//! The load: connections that are kept, each with one request under way at any time.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::{
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinSet,
    time::timeout,
};

use crate::{error::LoadError, latencies::Latencies, request::Requests};

/// Longest wait for one reply, in seconds.
const LATE: u64 = 10;

/// Longest run. A load always ends by itself.
const LONGEST: u64 = 30;

/// Most connections.
const MOST: i64 = 1_000;

/// How much load, on what.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    /// The target; on this machine
    #[arg(long, value_parser = loopback)]
    target: SocketAddr,
    /// Connections
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=MOST))]
    connections: u16,
    /// Requests a second, of all connections together; as many as are answered, unless given
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: Option<u32>,
    /// How long, in seconds
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    seconds: u64,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    requests: usize,
    seconds: f64,
    p50_micros: u32,
    p99_micros: u32,
}

/// Only this machine is ever put under load.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|error| format!("{error}"))?;
    if address.ip().is_loopback() { Ok(address) } else { Err("the target is not on loopback".to_owned()) }
}

/// Puts the target under load, and waits for the last reply.
pub(crate) async fn run(plan: &Plan) -> Result<Figures, LoadError> {
    let mut connections = Vec::new();
    for _ in 0..plan.connections {
        connections.push(connect(plan.target).await?);
    }
    let started = Instant::now();
    let end = started + Duration::from_secs(plan.seconds);
    let mut tasks = JoinSet::new();
    let mut pacer = plan.rate.map(|rate| Pacer::new(started, end, rate));
    for (index, connection) in connections.into_iter().enumerate() {
        let turns = pacer.as_mut().map(Pacer::turns);
        let requests = Requests::new(plan.target, index, std::process::id());
        tasks.spawn(ask_until(end, connection, requests, turns));
    }
    if let Some(pacer) = pacer {
        std::thread::spawn(|| pacer.run());
    }
    let mut all = Latencies::default();
    while let Some(latencies) = tasks.join_next().await {
        all.merge(latencies??);
    }
    Ok(Figures {
        requests: all.count(),
        seconds: started.elapsed().as_secs_f64(),
        p50_micros: all.percentile(50).unwrap_or_default(),
        p99_micros: all.percentile(99).unwrap_or_default(),
    })
}

async fn connect(target: SocketAddr) -> Result<SendRequest<Full<Bytes>>, LoadError> {
    let stream = TcpStream::connect(target).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // An error of the connection shows at its next request.
    tokio::spawn(connection);
    Ok(sender)
}

/// Says when requests are due, at even distances: the connections take turns. It sleeps in a thread of its own, for the clock of the
/// runtime comes in milliseconds, and would send what is due within one all at once.
struct Pacer {
    next: Instant,
    end: Instant,
    between: Duration,
    connections: Vec<UnboundedSender<Instant>>,
}

/// When the requests of one connection are due.
struct Turns(UnboundedReceiver<Instant>);

// === impl Pacer ===

impl Pacer {
    fn new(started: Instant, end: Instant, rate: u32) -> Self {
        Self { next: started, end, between: Duration::from_secs(1) / rate, connections: Vec::new() }
    }

    /// The turns of one more connection.
    fn turns(&mut self) -> Turns {
        let (sender, turns) = unbounded_channel();
        self.connections.push(sender);
        Turns(turns)
    }

    /// Until the end. What is due when it has slept too long is sent at once.
    fn run(mut self) {
        for connection in self.connections.iter().cycle() {
            if self.next >= self.end {
                return;
            }
            std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
            // A connection that failed has told so.
            let _ = connection.send(self.next);
            self.next += self.between;
        }
    }
}

// === impl Turns ===

impl Turns {
    /// Waits for the next turn. Gives when its latency begins to count: one that is late because the one before it was not answered
    /// in time counts from when it was due. What this process wakes late is no fault of the target. None at the end.
    async fn wait(&mut self) -> Option<Instant> {
        match self.0.try_recv() {
            Ok(due) => Some(due),
            Err(_) => self.0.recv().await.map(|_| Instant::now()),
        }
    }
}

async fn ask_until(
    end: Instant,
    mut connection: SendRequest<Full<Bytes>>,
    mut requests: Requests,
    mut turns: Option<Turns>,
) -> Result<Latencies, LoadError> {
    let mut latencies = Latencies::default();
    while Instant::now() < end {
        let request = requests.next()?;
        let asked = match &mut turns {
            Some(turns) => match turns.wait().await {
                Some(asked) => asked,
                None => break,
            },
            None => Instant::now(),
        };
        let answer = async {
            connection.ready().await?;
            let reply = connection.send_request(request).await?;
            let status = reply.status();
            Ok::<_, hyper::Error>((status, reply.into_body().collect().await?.to_bytes()))
        };
        let answer = timeout(Duration::from_secs(LATE), answer).await.map_err(|_| LoadError::Late(LATE))?;
        latencies.note(asked.elapsed());
        let (status, body) = answer?;
        check(status, &body)?;
    }
    Ok(latencies)
}

/// Whether this is a token reply. Looks for the field alone: the load must cost little beside its target.
fn check(status: StatusCode, body: &[u8]) -> Result<(), LoadError> {
    const FIELD: &[u8] = b"\"access_token\"";
    if status == StatusCode::OK && body.windows(FIELD.len()).any(|window| window == FIELD) {
        return Ok(());
    }
    let body = String::from_utf8_lossy(body).chars().take(300).collect();
    Err(LoadError::Refused { status: status.as_u16(), body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tokens_count_as_an_answer() {
        let tokens = br#"{"token_type":"Bearer","access_token":"x"}"#;
        assert!(check(StatusCode::OK, tokens).is_ok());
        assert!(check(StatusCode::TOO_MANY_REQUESTS, tokens).is_err());
        assert!(check(StatusCode::OK, br#"{"error":"invalid_grant"}"#).is_err());
    }

    #[tokio::test]
    async fn connections_take_turns_and_lateness_counts() {
        let started = Instant::now();
        let mut pacer = Pacer::new(started, started + Duration::from_millis(40), 100);
        let (mut first, mut second) = (pacer.turns(), pacer.turns());
        std::thread::spawn(|| pacer.run()).join().unwrap();
        // Nobody waited: all were late.
        let due = |millis| Some(started + Duration::from_millis(millis));
        assert_eq!([first.wait().await, first.wait().await, first.wait().await], [due(0), due(20), None]);
        assert_eq!([second.wait().await, second.wait().await, second.wait().await], [due(10), due(30), None]);

        // Who waits counts from when they were woken.
        let started = Instant::now();
        let mut pacer = Pacer::new(started, started + Duration::from_millis(31), 100);
        let mut turns = pacer.turns();
        std::thread::spawn(|| pacer.run());
        for millis in [0, 10, 20, 30] {
            let woken = turns.wait().await.unwrap();
            assert!(woken >= started + Duration::from_millis(millis));
        }
        assert_eq!(turns.wait().await, None);
    }

    #[test]
    fn no_other_machine_is_put_under_load() {
        assert!(loopback("127.0.0.1:80").is_ok() && loopback("[::1]:80").is_ok());
        assert!(loopback("10.0.0.1:80").is_err() && loopback("0.0.0.0:80").is_err());
    }
}
