use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use http_body_util::BodyExt as _;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// A server on loopback that answers each request with a text, and what it saw.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicUsize,
    /// Connections that the client has closed.
    closed: AtomicUsize,
}

async fn serve(answer: impl Fn(usize) -> &'static str + Clone + Send + 'static) -> (Uri, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/token?x=1", listener.local_addr().unwrap()).parse().unwrap();
    let seen = Arc::<Seen>::default();
    let sees = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            sees.connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(talk(stream, answer.clone(), Arc::clone(&sees)));
        }
    });
    (uri, seen)
}

/// A text that ends with `!` is the last on its connection.
async fn talk(mut stream: TcpStream, answer: impl Fn(usize) -> &'static str, seen: Arc<Seen>) {
    let mut head = [0; 4096];
    loop {
        let length = stream.read(&mut head).await.unwrap_or(0);
        if length == 0 {
            seen.closed.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let text = std::str::from_utf8(&head[..length]).unwrap();
        assert!(text.starts_with("POST /token?x=1 HTTP/1.1\r\n"), "{text}");
        assert!(text.contains(&format!("host: {}\r\n", stream.local_addr().unwrap())), "{text}");
        let answer = answer(seen.requests.fetch_add(1, Ordering::SeqCst));
        let (text, is_last) = answer.strip_suffix('!').map_or((answer, false), |text| (text, true));
        stream.write_all(text.as_bytes()).await.unwrap();
        if is_last {
            return;
        }
    }
}

fn connections() -> Connections<HttpConnector> {
    Connections::new(HttpConnector::new())
}

fn request(uri: &Uri) -> Request<Body> {
    Request::post(uri).body(Body::default()).unwrap()
}

async fn ask(connections: &Connections<HttpConnector>, uri: &Uri) -> Result<String, NoReply> {
    let read = |response: Response<Incoming>| async {
        let body = response.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    };
    connections.ask(|| request(uri), read).await
}

fn counts(seen: &Seen) -> (usize, usize) {
    (seen.connections.load(Ordering::SeqCst), seen.requests.load(Ordering::SeqCst))
}

#[tokio::test]
async fn one_connection_carries_one_request_after_the_other_and_one_more_those_at_once() {
    let (uri, seen) = serve(|_| OK).await;
    let connections = connections();
    for _ in 0..20 {
        assert_eq!(ask(&connections, &uri).await.unwrap(), "ok");
    }
    assert_eq!(counts(&seen), (1, 20));
    let (one, other) = tokio::join!(ask(&connections, &uri), ask(&connections, &uri));
    assert_eq!((one.unwrap(), other.unwrap()), ("ok".to_owned(), "ok".to_owned()));
    assert_eq!(counts(&seen), (2, 22));
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_request() {
    let (uri, seen) = serve(|_| "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok!").await;
    let connections = connections();
    for number in 1..=5 {
        assert_eq!(ask(&connections, &uri).await.unwrap(), "ok");
        sleep(Duration::from_millis(20)).await;
        assert_eq!(counts(&seen), (number, number));
    }
}

#[tokio::test]
async fn what_comes_unasked_answers_no_later_request() {
    let (uri, seen) = serve(|number| {
        if number == 0 {
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        } else {
            OK
        }
    })
    .await;
    let connections = connections();
    for _ in 0..2 {
        assert_eq!(ask(&connections, &uri).await.unwrap(), "ok");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(counts(&seen), (2, 2));
}

#[tokio::test]
async fn a_request_that_may_have_been_read_is_not_sent_again() {
    let (uri, seen) = serve(|number| if number == 0 { OK } else { "HTTP/1.1 200 OK\r\nContent-Le!" }).await;
    let connections = connections();
    assert_eq!(ask(&connections, &uri).await.unwrap(), "ok");
    assert!(matches!(ask(&connections, &uri).await, Err(NoReply::Broken(_))));
    assert_eq!(counts(&seen), (1, 2));
}

#[tokio::test]
async fn an_answer_that_nobody_reads_ends_its_connection() {
    let (uri, seen) = serve(|_| "HTTP/1.1 500 No\r\nContent-Length: 100000\r\n\r\nmuch").await;
    let connections = connections();
    for number in 1..=3 {
        let status = connections.ask(|| request(&uri), |response| async move { response.status() }).await;
        assert_eq!(status.unwrap(), 500);
        sleep(Duration::from_millis(20)).await;
        assert_eq!(counts(&seen), (number, number));
        assert_eq!(seen.closed.load(Ordering::SeqCst), number);
    }
}

#[tokio::test]
async fn a_connection_that_nobody_needs_is_let_go() {
    let (uri, seen) = serve(|_| OK).await;
    let connections = connections();
    ask(&connections, &uri).await.unwrap();
    sleep(super::super::IDLE - Duration::from_millis(500)).await;
    assert_eq!(seen.closed.load(Ordering::SeqCst), 0);
    sleep(Duration::from_millis(2_000)).await;
    assert_eq!(seen.closed.load(Ordering::SeqCst), 1);
    // And again, for the sweep has ended.
    ask(&connections, &uri).await.unwrap();
    assert_eq!(counts(&seen), (2, 2));
    drop(connections);
    sleep(Duration::from_millis(1_200)).await;
    assert_eq!(seen.closed.load(Ordering::SeqCst), 2);
}
