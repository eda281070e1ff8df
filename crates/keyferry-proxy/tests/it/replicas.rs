//! Three proxies behind a real nginx: one is replaced after the other under load, and nobody notices.

use std::{
    cell::Cell,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::future::join_all;
use keyferry_core::secret::SecretText;
use keyferry_proxy::{Callers, ProxyConfig};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::support::{
    raw::{RawProvider, json},
    redis::Redis,
    *,
};

/// The web server. Dropping it ends it, and its workers with it.
struct Nginx {
    address: SocketAddr,
    folder: TempDir,
    process: Child,
    generation: Cell<usize>,
}

impl Nginx {
    /// In front of these; none where there is no nginx.
    async fn before(proxies: &[SocketAddr]) -> Option<Self> {
        let works = |program: &&str| Command::new(program).arg("-v").output().is_ok();
        let Some(program) = ["nginx", "/usr/sbin/nginx"].into_iter().find(works) else {
            println!("not run: there is no nginx; see `cargo xtask setup --bench`");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..20 {
            let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
            configure(&folder, address, proxies, 0);
            let at = |name: &str| folder.path().join(name).display().to_string();
            let mut process = Command::new(program)
                .args(["-p", &at(""), "-c", &at("conf"), "-e", &at("log")])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            while process.try_wait().unwrap().is_none() {
                if TcpStream::connect(address).await.is_ok() {
                    return Some(Self { address, folder, process, generation: Cell::new(0) });
                }
                tokio::task::yield_now().await;
            }
        }
        panic!("nginx does not start");
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends requests to these from now on, as who runs it does before one is replaced. What is under way ends as it began.
    async fn send_to(&self, proxies: &[SocketAddr]) {
        let now = self.generation.get() + 1;
        self.generation.set(now);
        configure(&self.folder, self.address, proxies, now);
        self.signal("-HUP");
        until(|| async {
            http().get(self.url("/generation")).send().await.unwrap().text().await.unwrap() == now.to_string()
        })
        .await;
        // The workers of before have ended when the master has only its own.
        let children = format!("/proc/{0}/task/{0}/children", self.process.id());
        until(|| async { fs::read_to_string(&children).unwrap().split_whitespace().count() == 1 }).await;
    }

    fn signal(&self, signal: &str) {
        assert!(
            Command::new("kill").args([signal, &self.process.id().to_string()]).status().unwrap().success()
        );
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        self.signal("-TERM");
        let _ = self.process.wait();
    }
}

fn configure(folder: &TempDir, address: SocketAddr, proxies: &[SocketAddr], generation: usize) {
    let at = |name: &str| folder.path().join(name).display().to_string();
    let servers: String = proxies.iter().map(|proxy| format!("server {proxy} max_fails=0;\n")).collect();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("{name}_temp_path {};\n", at(name)))
        .concat();
    let text = format!(
        "daemon off; worker_processes 1; pid {}; error_log {};\nevents {{ worker_connections 1024; }}\n\
         http {{\naccess_log off;\n{temporary}upstream proxies {{\n{servers}}}\nserver {{ listen {address};\n\
         location = /generation {{ return 200 {generation}; }}\n\
         location / {{ proxy_pass http://proxies; proxy_set_header X-Forwarded-For 192.0.2.7; proxy_next_upstream error; }}\n}}\n}}\n",
        at("pid"),
        at("log"),
    );
    fs::write(folder.path().join("conf"), text).unwrap();
}

async fn three(config: &ProxyConfig) -> Vec<TestProxy> {
    let mut proxies = Vec::new();
    for _ in 0..3 {
        proxies.push(start(config.clone()).await);
    }
    proxies
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_behind_nginx_have_one_limit() {
    let Some(redis) = Redis::start().await else { return };
    let mut config = config(&[], "s");
    let trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    config.callers =
        Callers { trusted_proxies, per_address: Some("200/h".parse().unwrap()), ..Callers::default() };
    config.outside.store = Some(SecretText::new(redis.url()).unwrap());
    let proxies = three(&config).await;
    for proxy in &proxies {
        until(|| async {
            let ask = http().get(proxy.url("/oauth/providers")).header("x-forwarded-for", "198.51.100.1");
            send(ask).await;
            proxy.metric("keyferry_proxy_store_up").await == 1
        })
        .await;
    }
    let addresses: Vec<_> = proxies.iter().map(|proxy| proxy.address).collect();
    let Some(nginx) = Nginx::before(&addresses).await else { return };
    let client = http();
    let mut passed = 0;
    for _ in 0..20 {
        let batch = (0..25).map(|_| send(client.get(nginx.url("/oauth/providers"))));
        passed += join_all(batch).await.iter().filter(|reply| reply.status == 200).count();
    }
    assert!((190..=210).contains(&passed), "{passed} of 500 passed a limit of 200");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_after_the_other_is_replaced_under_load_and_no_exchange_fails() {
    let provider = RawProvider::answering(json("200 OK", r#"{"access_token":"a"}"#)).await;
    let config = config(&[("acme", &provider.file(""))], "s");
    let mut proxies = three(&config).await;
    let addresses: Vec<_> = proxies.iter().map(|proxy| proxy.address).collect();
    let Some(nginx) = Nginx::before(&addresses).await else { return };
    let (over, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let (url, over, done) = (nginx.url("/oauth/token"), Arc::clone(&over), Arc::clone(&done));
            tokio::spawn(async move {
                // nginx closes kept connections when it is told of a change, and whoever just uses one would blame it on the proxies.
                let client =
                    reqwest::Client::builder().no_proxy().tls_certs_only([]).pool_max_idle_per_host(0);
                let client = client.build().unwrap();
                let mut failed = Vec::new();
                for n in 0.. {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let reply =
                        send(client.post(&url).json(&refreshment("acme", &format!("r{caller}-{n}")))).await;
                    done.fetch_add(1, Ordering::Relaxed);
                    if reply.status != 200 {
                        failed.push((reply.status, reply.text()));
                    }
                }
                failed
            })
        })
        .collect();
    let more = async |than: usize| {
        until(|| async { done.load(Ordering::Relaxed) > than }).await;
        done.load(Ordering::Relaxed)
    };
    let mut reached = more(30).await;
    for at in 0..3 {
        let mut old = proxies.remove(at);
        nginx.send_to(&proxies.iter().map(|proxy| proxy.address).collect::<Vec<_>>()).await;
        old.stop.cancel();
        tokio::time::timeout(Duration::from_secs(30), &mut old.server).await.unwrap().unwrap();
        reached = more(reached + 30).await;
        let mut again = config.clone();
        again.listen.address = old.address;
        proxies.insert(at, start(again).await);
        nginx.send_to(&addresses).await;
        reached = more(reached + 30).await;
    }
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        assert_eq!(caller.await.unwrap(), [], "of {reached}");
    }
}
