//! Replies that the proxy gives and the app never gets.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use keyferry_app::{
    connections::{ConnectionError, ProxyError},
    pages::SignInPage,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::{World, proxy::whole};

/// The way between app and proxy, on which replies to token requests get lost.
struct Relay {
    address: SocketAddr,
    /// How many of the next are lost.
    lose: Arc<AtomicUsize>,
    /// The idempotency keys of all token requests.
    keys: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    async fn start(proxy: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (lose, keys) = (Arc::new(AtomicUsize::new(0)), Arc::<Mutex<Vec<String>>>::default());
        let (losing, seen) = (Arc::clone(&lose), Arc::clone(&keys));
        tokio::spawn(async move {
            while let Ok((mut app, _)) = listener.accept().await {
                let (losing, seen) = (Arc::clone(&losing), Arc::clone(&seen));
                tokio::spawn(async move {
                    while let Some(request) = read(&mut app).await {
                        let mut onward = TcpStream::connect(proxy).await.unwrap();
                        onward.write_all(&request).await.unwrap();
                        let reply = read(&mut onward).await.unwrap();
                        if let Some(key) = token_request(&request) {
                            seen.lock().unwrap().push(key);
                            let one_less = |left: usize| left.checked_sub(1);
                            if losing.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok() {
                                return;
                            }
                        }
                        app.write_all(&reply).await.unwrap();
                    }
                });
            }
        });
        Self { address, lose, keys }
    }

    fn keys(&self) -> Vec<String> {
        self.keys.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while !whole(&bytes) {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(bytes)
}

/// The key of a token request; empty for one without.
fn token_request(request: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(request);
    let head = text.strip_prefix("POST /oauth/token ")?;
    let key = head.lines().find_map(|line| line.strip_prefix("idempotency-key: "));
    Some(key.unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_sign_in_whose_reply_was_lost_ends_with_a_connection_and_its_code_is_sent_once() {
    let world = World::start().await;
    let relay = Relay::start(world.address).await;
    let world = world.through(relay.address);
    relay.lose.store(1, Ordering::SeqCst);
    let id = world.connect().await;
    assert!(world.works(world.record(&id).await.tokens.access_token.expose_secret()).await);
    let counts = world.sandbox.counters();
    assert_eq!((counts.code_requests, counts.codes_reused), (1, 0));
    let keys = relay.keys();
    assert_eq!(keys.len(), 2);
    assert!(keys[0] == keys[1] && keys[0].len() == 45, "one key for both, quoted");
    world.connections.refresh(&id).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_sign_in_whose_replies_are_all_lost_is_given_up_after_the_second() {
    let world = World::start().await;
    let relay = Relay::start(world.address).await;
    let world = world.through(relay.address);
    relay.lose.store(usize::MAX, Ordering::SeqCst);
    let sign_in = world.begin().await;
    let query = World::allowed(&sign_in).await;
    assert_eq!(world.receive(&query).await, SignInPage::Failed);
    let error = sign_in.wait().await.unwrap_err();
    assert!(matches!(error, ConnectionError::Proxy(ProxyError::NoReply)), "{error:?}");
    assert_eq!((relay.keys().len(), world.sandbox.counters().code_requests), (2, 1));
    world.end().await;
}

#[tokio::test]
async fn each_exchange_has_a_key_of_its_own() {
    let world = World::start().await;
    let relay = Relay::start(world.address).await;
    let world = world.through(relay.address);
    let id = world.connect().await;
    for _ in 0..2 {
        world.connections.refresh(&id).await.unwrap();
    }
    let mut keys = relay.keys();
    assert!(keys.iter().all(|key| key.len() == 45), "43 characters in quotes");
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3);
    world.end().await;
}
