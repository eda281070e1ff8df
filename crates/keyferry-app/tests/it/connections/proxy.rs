//! What answers at the proxy's address and is no proxy, or a broken one.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use keyferry_app::connections::{About, ProxyClient, ProxyError};
use keyferry_core::{
    flow::{error::FailureClass, reply::LONGEST_REPLY, revoke::TokenTypeHint},
    id::ProviderName,
    idempotency_key::IdempotencyKey,
    secret::RefreshToken,
    url::Endpoint,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

/// Answers every connection with these bytes, and counts them.
async fn answering(reply: Vec<u8>) -> (Endpoint, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = [0; 16 * 1024];
            // The whole request, for a reply before its end would be a reset.
            let mut length = 0;
            while !whole(&request[..length]) {
                match stream.read(&mut request[length..]).await {
                    Ok(read) if read > 0 => length += read,
                    _ => break,
                }
            }
            let _ = stream.write_all(&reply).await;
        }
    });
    (endpoint, asked)
}

/// Whether head and body have come.
pub(super) fn whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
    body.len() >= length.unwrap_or(0)
}

/// Every kind of request that the client sends, and what came of each.
async fn ask_everything(base: &Endpoint) -> Vec<ProxyError> {
    let client = ProxyClient::new(base.clone(), None).unwrap();
    let provider: ProviderName = "acme".parse().unwrap();
    let token = RefreshToken::new("canary-refresh-token").unwrap();
    let key = IdempotencyKey::from_entropy([7; 32]);
    vec![
        client.facts(&provider).await.unwrap_err(),
        client.refresh(&provider, &token, None, About::default(), &key).await.unwrap_err(),
        client
            .revoke(&provider, token.expose_secret(), TokenTypeHint::RefreshToken, About::default())
            .await
            .unwrap_err(),
    ]
}

#[tokio::test]
async fn no_redirect_carries_a_token_on() {
    for status in [301, 302, 303, 307, 308] {
        let (elsewhere, reached) =
            answering(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}".to_vec()).await;
        let reply = format!(
            "HTTP/1.1 {status} Elsewhere\r\nlocation: {}/oauth/token\r\ncontent-length: 0\r\n\r\n",
            elsewhere.as_str()
        );
        let (base, _) = answering(reply.into_bytes()).await;
        for error in ask_everything(&base).await {
            assert_eq!(error.class(), FailureClass::Passing, "{status}: {error:?}");
        }
        assert_eq!(reached.load(Ordering::SeqCst), 0, "{status}");
    }
}

#[tokio::test]
async fn a_reply_without_end_is_cut_and_one_that_breaks_off_says_nothing_of_the_grant() {
    let mut endless = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    endless.resize(LONGEST_REPLY * 2, b' ');
    let (base, _) = answering(endless).await;
    assert!(ask_everything(&base).await.iter().all(|error| *error == ProxyError::TooLong));
    let broken: [&[u8]; 4] = [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"access_token\":\"a\"",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ];
    for reply in broken {
        let (base, _) = answering(reply.to_vec()).await;
        for error in ask_everything(&base).await {
            assert_eq!(error, ProxyError::NoReply, "{reply:?}");
        }
    }
}

#[tokio::test]
async fn no_error_says_where_the_proxy_is_or_what_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let base = Endpoint::parse(&format!("http://{address}")).unwrap();
    for error in ask_everything(&base).await {
        assert_eq!(error, ProxyError::Unreachable);
        let told = format!("{error} {error:?} {}", error.hint());
        assert!(!told.contains("canary") && !told.contains(&address.to_string()), "{told}");
    }
}
