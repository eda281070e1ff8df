//! A real Redis, of Debian's `redis-server`, for as long as a test wants it.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::Stdio,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
};

/// The store. Dropping it kills it.
pub(crate) struct Redis {
    pub(crate) address: SocketAddr,
    folder: TempDir,
    process: Option<Child>,
}

impl Redis {
    /// Starts one at a port that the kernel chose. None where there is no Redis, which no machine of CI is.
    pub(crate) async fn start() -> Option<Self> {
        if std::process::Command::new("redis-server").arg("--version").output().is_err() {
            println!("not run: there is no redis-server; see `cargo xtask setup`");
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        // Free a moment ago; should another have taken it meanwhile, the answer below is missing, and another one is tried.
        for _ in 0..20 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
            let mut process = spawn(port, &folder);
            if ready(port, &mut process).await {
                return Some(Self { address: port, folder, process: Some(process) });
            }
        }
        panic!("redis-server does not start");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://{}", self.address)
    }

    /// Kills it, as a crash would.
    pub(crate) async fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().await.unwrap();
    }

    /// Has it stand still, or go on: connections are taken all the same, and nothing is answered.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.process.as_ref().and_then(Child::id).unwrap().to_string();
        assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Has it do what a line of its language says.
    pub(crate) async fn told(&self, line: &str) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        let mut answer = [0; 5];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"+OK\r\n", "{line}");
    }

    /// Starts it again where it was.
    pub(crate) async fn back(&mut self) {
        let mut process = spawn(self.address, &self.folder);
        assert!(ready(self.address, &mut process).await);
        self.process = Some(process);
    }
}

fn spawn(address: SocketAddr, folder: &TempDir) -> Child {
    let port = address.port().to_string();
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

async fn ready(address: SocketAddr, process: &mut Child) -> bool {
    while process.try_wait().unwrap().is_none() {
        if let Ok(mut stream) = TcpStream::connect(address).await {
            let mut answer = [0; 7];
            stream.write_all(b"PING\r\n").await.unwrap();
            if stream.read_exact(&mut answer).await.is_ok() && &answer == b"+PONG\r\n" {
                return true;
            }
        }
        tokio::task::yield_now().await;
    }
    false
}
