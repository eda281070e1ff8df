//! A proxy whose clock is set forward and back by hours while it is asked.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::stage::{Stage, client, code, refresh, until};
use crate::support::{OwnClock, Service};

const ADA: &str = "ada=the-access-key-of-ada-0123456789";
const IDEMPOTENCY_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// What one holder of an access key sees of a proxy.
struct Caller<'a> {
    stage: &'a Stage,
    proxy: &'a Service,
    client: reqwest::Client,
}

impl Caller<'_> {
    async fn post(&self, body: &Value, again_as: Option<&str>) -> (u16, Value) {
        let mut request = self
            .client
            .post(format!("{}/oauth/token", self.proxy.url))
            .bearer_auth(&ADA["ada=".len()..])
            .json(body);
        if let Some(key) = again_as {
            request = request.header("idempotency-key", key);
        }
        let reply = request.send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }

    /// Redeems a code of its own.
    async fn redeem(&self, one: &str, again_as: Option<&str>) -> Value {
        let (status, reply) = self.post(&code(one), again_as).await;
        assert_eq!(status, 200, "{reply}");
        reply
    }

    /// The hour of the proxy's clock, as its log has it.
    async fn hour(&self) -> String {
        let reply =
            self.client.get(format!("{}/oauth/providers", self.proxy.url)).bearer_auth(&ADA["ada=".len()..]);
        reply.send().await.unwrap().text().await.unwrap();
        let log = self.stage.log();
        let time = log.rsplit("{\"timestamp\":\"").next().unwrap();
        time.split('T').nth(1).unwrap().split(':').next().unwrap().to_owned()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_by_hours_under_load_fails_nobody() {
    let stage = Stage::new(Duration::from_millis(5)).await;
    let variables = [
        ("KEYFERRY_PROXY_ACCESS_KEYS", ADA),
        ("KEYFERRY_PROXY_SEALING_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
    ];
    let mut command = stage.command("127.0.0.1:0", &variables);
    let Some(clock) = OwnClock::on_the_wall(&mut command, stage.world.path("clock")) else { return };
    let proxy = stage.started(command);
    let caller = Caller { stage: &stage, proxy: &proxy, client: client().build().unwrap() };

    let sealed = caller.redeem("first", None).await["refresh_token"].as_str().unwrap().to_owned();
    assert!(sealed.len() > 20, "not sealed: {sealed}");
    let kept = caller.redeem("kept", Some(IDEMPOTENCY_KEY)).await;
    let asked = || stage.provider.requests().len();
    let mut n = 0;
    for by in ["-5h", "+0", "+5h", "-7h"] {
        let before = caller.hour().await;
        clock.jump(by);
        // Exchanges go on all the while, until a bit after the jump was seen.
        let (mut after, begun) = (0, std::time::Instant::now());
        while after < 20 {
            assert!(begun.elapsed() < Duration::from_secs(20), "the clock was not set: {by}");
            n += 1;
            let reply = caller.redeem(&format!("c{n}"), None).await;
            assert_eq!(reply["expires_in"], 3_600, "{by}: {reply}");
            after += usize::from(caller.hour().await != before);
        }
        // A token that was sealed before is opened after, and so is what is sealed now.
        let (status, reply) = caller.post(&refresh(&sealed), None).await;
        assert_eq!((status, &reply["expires_in"]), (200, &json!(3_600)), "{by}: {reply}");
        // An answer is kept for its ten minutes, by the clock that says more: one that was set forward may as well be of a machine
        // that slept, and has ended it. Its life never grows.
        let heard = asked();
        let again = caller.redeem("kept", Some(IDEMPOTENCY_KEY)).await;
        let life = again["expires_in"].as_u64().unwrap();
        assert_eq!(again["access_token"], kept["access_token"]);
        assert!((3_500..=3_600).contains(&life), "{by}: {life}");
        assert_eq!(asked() > heard, by == "+5h", "{by}: whether the provider was asked");
    }
    until("the log has them all", async || stage.log().matches("\"provider\":\"acme\"").count() > n).await;
    stage.end(proxy).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_by_hours_changes_no_limit_and_no_rest() {
    let stage = Stage::new(Duration::ZERO).await;
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let dead = stage.provider.file("").replace(&stage.provider.address.to_string(), &gone.to_string());
    std::fs::write(stage.world.path("providers/dead.toml"), dead).unwrap();
    let variables = [
        ("DEAD_CLIENT_ID", "me"),
        ("DEAD_CLIENT_SECRET", "a-secret-of-the-dead"),
        ("KEYFERRY_PROXY_RATE_PER_ADDRESS", "5/h"),
        ("KEYFERRY_PROXY_TRUSTED_PROXIES", "127.0.0.1"),
    ];
    let mut command = stage.command("127.0.0.1:0", &variables);
    let Some(clock) = OwnClock::on_the_wall(&mut command, stage.world.path("clock")) else { return };
    let proxy = stage.started(command);
    let caller = Caller { stage: &stage, proxy: &proxy, client: client().build().unwrap() };
    let set = async |by: &str| {
        let before = caller.hour().await;
        clock.jump(by);
        until("the clock is set", async || caller.hour().await != before).await;
    };
    let tokens = AtomicUsize::new(0);
    let at_the_dead = || async {
        let token = format!("r{}", tokens.fetch_add(1, Ordering::Relaxed));
        let body = json!({ "provider": "dead", "grant_type": "refresh_token", "refresh_token": token });
        caller.post(&body, None).await.0
    };
    let for_an_address = || async {
        let ask = caller.client.get(format!("{}/oauth/providers", proxy.url));
        ask.header("x-forwarded-for", "192.0.2.1").send().await.unwrap().status().as_u16()
    };
    assert_eq!(join_all((0..10).map(|_| at_the_dead())).await, [502; 10]);
    assert_eq!(at_the_dead().await, 503, "it rests");
    until("the limit is used up", async || for_an_address().await == 429).await;
    for by in ["-5h", "+5h"] {
        set(by).await;
        assert_eq!(for_an_address().await, 429, "{by}: the limit of an hour is over");
        // The rest is of seconds, whatever the hour: then one exchange goes ahead.
        until("the rest is over", async || at_the_dead().await == 502).await;
        assert_eq!(at_the_dead().await, 503, "{by}: it rests again");
    }
    stage.end(proxy).await;
}
