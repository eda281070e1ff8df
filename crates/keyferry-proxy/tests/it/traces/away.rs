//! A collector that is away, late or in no mood, and the end of the proxy.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::{tokens, with_provider};
use crate::support::{
    collector::{Answer, Collector, export_to},
    log::Captured,
    raw::RawProvider,
    *,
};

#[tokio::test]
async fn a_collector_that_is_away_hangs_or_fails_costs_spans_and_no_exchange() {
    const EXCHANGES: usize = 40;
    let (log, _guard) = Captured::start();
    for answer in [None, Some(Answer::Never), Some(Answer::Status(500))] {
        let collector = Collector::start().await;
        let address = collector.address;
        match answer {
            Some(answer) => collector.answers(answer),
            None => drop(collector),
        }
        let provider = RawProvider::answering(tokens()).await;
        let mut config = config(&[("acme", &provider.file(""))], "s");
        let mut traces = export_to(address);
        (traces.queue, traces.batch) = (8, 4);
        config.traces = Some(traces);
        config.limits.shutdown = Duration::from_millis(500);
        let mut proxy = start(config).await;
        let (client, began) = (http(), Instant::now());
        for number in 0..EXCHANGES {
            let body = refreshment("acme", &format!("r{number}"));
            assert_eq!(send(client.post(proxy.url("/oauth/token")).json(&body)).await.status, 200);
        }
        // One wait for a collector that hangs would take ten seconds.
        assert!(began.elapsed() < Duration::from_secs(5), "{answer:?} held exchanges up");
        // But for the queue and what is being sent, all are dropped; the request for the metrics has a span, too.
        let least = u64::try_from(EXCHANGES * 2 - 8 - 4).unwrap();
        until(async || proxy.metric("keyferry_proxy_spans_dropped_total").await >= least).await;
        assert_eq!(proxy.metric("keyferry_proxy_spans_exported_total").await, 0);
        let ended = Instant::now();
        proxy.stop.cancel();
        timeout(SOON, &mut proxy.server).await.unwrap().unwrap();
        assert!(ended.elapsed() < Duration::from_secs(2), "{answer:?} held the end up");
    }
    // Once for each proxy, however many spans were dropped; that one hangs is known after its ten seconds alone.
    assert_eq!(log.text().matches("the collector takes no spans").count(), 2);
    assert_eq!(log.text().matches("the collector did not take the last spans in time").count(), 1);
}

#[tokio::test]
async fn a_collector_that_comes_back_gets_what_waited() {
    let (log, _guard) = Captured::start();
    let collector = Collector::start().await;
    collector.answers(Answer::Status(503));
    let (_provider, proxy) = with_provider(tokens(), &collector).await;
    assert_eq!(proxy.token(&refreshment("acme", "r")).await.status, 200);
    until(async || collector.exports().len() >= 2).await;
    collector.answers(Answer::Taken);
    until(async || log.text().contains("the collector takes spans again")).await;
    let exports = collector.exports();
    assert_eq!(exports[0].body, exports[exports.len() - 1].body, "it is not the same batch");
    assert_eq!(proxy.metric("keyferry_proxy_spans_exported_total").await, 2);
    assert_eq!(proxy.metric("keyferry_proxy_spans_dropped_total").await, 0);
    assert_eq!(log.text().matches("the collector takes no spans").count(), 1);
}

#[tokio::test]
async fn a_collector_that_does_not_answer_in_time_is_asked_again() {
    let (log, _guard) = Captured::start();
    let collector = Collector::start().await;
    collector.answers(Answer::Never);
    let provider = RawProvider::answering(tokens()).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    let mut traces = export_to(collector.address);
    traces.timeout = Duration::from_millis(100);
    config.traces = Some(traces);
    let proxy = start(config).await;
    proxy.token(&refreshment("acme", "r")).await;
    until(async || log.text().contains("no answer in time")).await;
    collector.answers(Answer::Taken);
    until(async || log.text().contains("the collector takes spans again")).await;
    assert_eq!(proxy.metric("keyferry_proxy_spans_dropped_total").await, 0);
}

#[tokio::test]
async fn spans_that_the_collector_rejects_are_counted_without_its_words() {
    let (log, _guard) = Captured::start();
    let collector = Collector::start().await;
    collector.answers(Answer::Rejected(1));
    let (_provider, proxy) = with_provider(tokens(), &collector).await;
    proxy.token(&refreshment("acme", "r")).await;
    collector.spans_once(2).await;
    until(async || log.text().contains("the collector rejected spans")).await;
    collector.answers(Answer::Taken);
    assert_eq!(proxy.metric("keyferry_proxy_spans_dropped_total").await, 1);
    assert!(!log.text().contains("canary"));
}

#[tokio::test]
async fn what_waits_at_the_end_is_sent_before_it() {
    let collector = Collector::start().await;
    let provider = RawProvider::answering(tokens()).await;
    let mut config = config(&[("acme", &provider.file(""))], "s");
    let mut traces = export_to(collector.address);
    (traces.pause, traces.batch) = (Duration::from_secs(3_600), 3);
    config.traces = Some(traces);
    let mut proxy = start(config).await;
    proxy.token(&refreshment("acme", "r")).await;
    assert!(collector.exports().is_empty());
    proxy.get("/health").await;
    collector.spans_once(3).await;
    for _ in 0..2 {
        proxy.get("/health").await;
    }
    proxy.stop.cancel();
    timeout(SOON, &mut proxy.server).await.unwrap().unwrap();
    assert_eq!(collector.spans().len(), 5);
}
