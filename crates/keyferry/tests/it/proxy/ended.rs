//! A proxy that is told to end while it is asked.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

use super::{
    load::{Load, Outcome},
    raw::RawProvider,
    stage::{Stage, address, client, refresh, until},
};
use crate::support::terminate;

/// Callers of each kind: with connections that they keep, and with one for each request.
const CALLERS: usize = 8;

/// What it must not lose is what it took: a request that reached it is answered, whole, and one exchange with the provider is one answer.
/// Who comes later is refused a connection, and goes elsewhere. Between those two lies a connection that the system took in the moment
/// in which listening ended, or that was kept and asked on just as it was closed: that request is nobody's, is cut before a byte of it is
/// read, and may be sent again as it is. The provider has not heard of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_told_to_end_under_load_answers_all_that_it_took() {
    // With a time in which it says that it goes, who keeps a connection is told to leave it.
    for (drain, most_nobodys) in [("0", CALLERS * 2), ("1", 2)] {
        let stage = Stage::new(Duration::from_millis(30)).await;
        let proxy = stage.proxy(&[("KEYFERRY_PROXY_DRAIN", drain)]);
        let kept = Load::start(&proxy.url, CALLERS, true, true);
        let fresh = Load::start(&proxy.url, CALLERS, false, true);
        until("there is load", async || kept.done() > 100 && fresh.done() > 100).await;
        terminate(proxy.pid());
        let asked: Vec<_> = kept.ended().await.into_iter().chain(fresh.ended().await).collect();
        assert_eq!(proxy.wait(&stage.world), 0);

        let heard = stage.asked();
        let tokens: BTreeSet<_> = heard.iter().collect();
        assert_eq!(heard.len(), tokens.len(), "a token was sent twice");
        let (mut answered, mut nobodys) = (0, 0);
        for request in &asked {
            match &request.outcome {
                Outcome::Answered(status) => {
                    assert_eq!(*status, 200, "{request:?}");
                    answered += 1;
                }
                Outcome::Refused => assert!(!tokens.contains(&request.token), "{request:?}"),
                Outcome::Broken(_) => {
                    assert!(!tokens.contains(&request.token), "dropped: {request:?}");
                    nobodys += 1;
                }
            }
        }
        println!("drain {drain} s: {answered} answered, {nobodys} nobody's, of {}", asked.len());
        assert_eq!(answered, heard.len(), "exchanges and answers");
        assert!(nobodys <= most_nobodys, "{nobodys} were nobody's");
        assert!(!stage.log().contains("were cut"), "{}", stage.log());
        stage.world.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_told_twice_to_end_ends_on_the_spot() {
    let (provider, gate) = RawProvider::gated().await;
    let stage = Stage::before(provider).await;
    let proxy = stage.proxy(&[]);
    let ask = client().build().unwrap().post(format!("{}/oauth/token", proxy.url)).json(&refresh("r"));
    let asked = tokio::spawn(ask.send());
    gate.asked().await;
    let begun = Instant::now();
    terminate(proxy.pid());
    until("it no longer listens", async || TcpStream::connect(address(&proxy)).await.is_err()).await;
    terminate(proxy.pid());
    assert_eq!(proxy.wait(&stage.world), 130);
    assert!(begun.elapsed() < Duration::from_secs(5), "it waited for what was under way");
    assert!(asked.await.unwrap().is_err());
    stage.world.end().await;
}
