//! MCP over standard input and output on one side, over the running app's gateway on the other.
//!
//! Messages pass as they are, byte for byte: what is read in them is only what HTTP wants to know in its head.
//!
//! - `line`: messages from the client, one a line, bounded
//! - `message`: what is read in a message
//! - `link`: the connection to the app, which may go and come back
//! - `events`: the app's answers, as a stream of events or as one message

mod events;
mod line;
mod link;
mod message;

use std::{sync::Arc, time::Duration};

use keyferry_app::clients::ClientName;
use keyferry_core::id::ServerName;
use rmcp::transport::io::stdio_pipes;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt as _, BufReader},
    sync::mpsc,
    time::timeout,
};

use crate::{
    cli::Global,
    error::{CliError, CliResult},
    session::Host,
    signals,
};
use line::{Line, Lines};
use link::Link;
use message::Message;

/// How long what is under way may take to be answered after the client has closed its end.
const LAST_ANSWERS: Duration = Duration::from_secs(5);
/// Messages that wait for the client to read them.
const WAITING: usize = 64;

/// Runs until the client closes standard input, or ends the program.
pub(crate) async fn run(
    global: &Global,
    server: Option<&ServerName>,
    client: Option<ClientName>,
) -> CliResult {
    let path = server.map_or_else(|| "/mcp".to_owned(), |server| format!("/mcp/{server}"));
    let (out, written) = mpsc::channel(WAITING);
    let (input, output) = stdio_pipes();
    let writer = tokio::spawn(write(written, output));
    let link = Arc::new(Link::new(Host::shared(global), path, client, out)?);
    // An app that can't be had is told before the client waits for its first answer.
    link.connect().await?;
    let listener = tokio::spawn({
        let link = Arc::clone(&link);
        async move {
            tokio::select! {
                () = link.listen() => {}
                () = link.stopped() => {}
            }
        }
    });
    let mut lines = Lines::new(BufReader::new(input));
    let relay = async {
        while let Some(line) = lines.next().await {
            match line {
                Line::Message(raw) => Arc::clone(&link).take(raw).await,
                Line::TooLong => {
                    link.say(&refusal(&Value::Null, -32600, "the message is longer than 16 MiB")).await;
                }
            }
        }
    };
    tokio::select! {
        () = relay => {
            _ = timeout(LAST_ANSWERS, link.answered()).await;
        }
        () = signals::Ending::listen().asked() => {}
    }
    let link = link.end().await;
    _ = listener.await;
    let outcome = match Arc::try_unwrap(link) {
        Ok(link) => {
            link.close().await;
            Ok(())
        }
        Err(_) => Err(CliError::failed("bridge", "an answer was still under way at the end")),
    };
    _ = timeout(LAST_ANSWERS, writer).await;
    outcome
}

/// Writes each message on a line of its own. A client that reads no more gets no more.
async fn write(mut messages: mpsc::Receiver<Vec<u8>>, mut out: impl AsyncWrite + Unpin) {
    while let Some(mut message) = messages.recv().await {
        message.push(b'\n');
        if out.write_all(&message).await.is_err() || out.flush().await.is_err() {
            return;
        }
    }
}

/// An error of the bridge's own (JSON-RPC 2.0 §5.1).
fn refusal(id: &Value, code: i32, message: &str) -> Vec<u8> {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
        .to_string()
        .into_bytes()
}
