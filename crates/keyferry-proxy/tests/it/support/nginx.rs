//! A real nginx in front of proxies, for as long as a test wants it.

use std::{
    cell::Cell,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::{net::TcpStream, task::yield_now};

/// How long a change of its configuration may take.
const LIMIT: Duration = Duration::from_secs(20);

/// The web server. Dropping it ends it, and its workers with it.
pub(crate) struct Nginx {
    address: SocketAddr,
    folder: TempDir,
    process: Child,
    generation: Cell<usize>,
}

impl Nginx {
    /// In front of these. None where there is no nginx, which no machine of CI is.
    pub(crate) async fn before(proxies: &[SocketAddr]) -> Option<Self> {
        let works = |program: &&str| Command::new(program).arg("-v").output().is_ok();
        let Some(program) = ["nginx", "/usr/sbin/nginx"].into_iter().find(works) else {
            println!("not run: there is no nginx; see `cargo xtask setup`");
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI");
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
                yield_now().await;
            }
        }
        panic!("nginx does not start");
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends requests to these from now on, as who runs it does before one is replaced. What is under way ends as it began.
    pub(crate) async fn send_to(&self, proxies: &[SocketAddr]) {
        let (now, begun) = (self.generation.get() + 1, Instant::now());
        self.generation.set(now);
        configure(&self.folder, self.address, proxies, now);
        self.signal("-HUP");
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).pool_max_idle_per_host(0);
        let client = client.build().unwrap();
        let url = self.url("/generation");
        while client.get(&url).send().await.unwrap().text().await.unwrap() != now.to_string() {
            assert!(begun.elapsed() < LIMIT, "nginx does not read its configuration");
        }
        // The workers of before have ended when the master has only its own.
        let children = format!("/proc/{0}/task/{0}/children", self.process.id());
        while fs::read_to_string(&children).unwrap().split_whitespace().count() != 1 {
            assert!(begun.elapsed() < LIMIT, "the workers of before do not end");
            yield_now().await;
        }
    }

    fn signal(&self, signal: &str) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
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
