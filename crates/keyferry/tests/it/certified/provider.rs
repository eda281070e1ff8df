//! The provider: a process of Node's that tells what happens in it.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, channel},
};

use serde_json::{Value, json};

use crate::support::World;

/// What the proxy knows it by.
pub(super) const NAME: &str = "certified";

/// How often each thing happened.
pub(super) type Tally = BTreeMap<String, usize>;

/// A provider that runs until it is ended, or its test is.
pub(super) struct Provider {
    pub(super) base: String,
    pub(super) client_secret: String,
    client_id: String,
    child: Child,
    input: Option<ChildStdin>,
    told: Receiver<String>,
    issued: Vec<(String, String)>,
    /// The most token requests that were under way at once.
    pub(super) at_once: u64,
}

/// What this machine lacks, in the words of a person.
fn missing() -> Option<&'static str> {
    let node = Command::new("node").arg("--version").output();
    if !node.is_ok_and(|told| told.status.success()) {
        return Some("there is no Node.js");
    }
    let package = folder().join("node_modules/oidc-provider");
    (!package.exists()).then_some("the packages of tests/fixtures/oidc-provider are not installed")
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/oidc-provider")
}

impl Provider {
    /// Starts it. None where it can't run, which is said; in CI that is a failure, for nobody reads what is said there.
    pub(super) fn start(world: &World) -> Option<Self> {
        if let Some(missing) = missing() {
            println!("not run: {missing}; see `cargo xtask setup`");
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: {missing}");
            return None;
        }
        let log = world.path("provider.log");
        let mut command = Command::new("node");
        command.arg(folder().join("server.js")).current_dir(world.home.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", world.home.path());
        command.env("PROVIDER_NAME", NAME).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(File::create(&log).unwrap()).spawn().unwrap();
        let (sender, told) = channel();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Read at once, for the provider waits for a reader when the pipe is full.
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let input = child.stdin.take();
        let began: Value = match told.recv() {
            Ok(line) => serde_json::from_str(&line).unwrap(),
            Err(_) => panic!("the provider ended: {}", std::fs::read_to_string(log).unwrap()),
        };
        let text = |name: &str| began[name].as_str().unwrap().to_owned();
        let (base, client_id, client_secret) = (text("base"), text("client_id"), text("client_secret"));
        Some(Self { base, client_id, client_secret, child, input, told, issued: Vec::new(), at_once: 0 })
    }

    /// What happened since this was asked before.
    pub(super) fn happened(&mut self) -> Tally {
        writeln!(self.input.as_mut().unwrap()).unwrap();
        let mut tally = Tally::new();
        loop {
            let line: Value = serde_json::from_str(&self.told.recv().unwrap()).unwrap();
            let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
            match line["event"].as_str().unwrap() {
                "mark" => return tally,
                "issued" => {
                    self.issued.push((text("kind"), text("secret")));
                    continue;
                }
                "token_request" => self.at_once = self.at_once.max(line["at_once"].as_u64().unwrap()),
                _ => {}
            }
            let words = [text("event"), text("grant_type"), text("error")];
            *tally.entry(words.join(" ").trim().replace("  ", " ")).or_default() += 1;
        }
    }

    /// The refresh tokens or access tokens that it has issued, oldest first.
    pub(super) fn issued(&self, kind: &str) -> Vec<&str> {
        let of_kind = self.issued.iter().filter(|(of, _)| of == kind);
        of_kind.map(|(_, secret)| secret.as_str()).collect()
    }

    /// Asks one of its endpoints as its client does, past Keyferry.
    async fn ask(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("{}{path}", self.base));
        let request = request.basic_auth(&self.client_id, Some(&self.client_secret)).form(form);
        let reply = request.send().await.unwrap();
        let status = reply.status().as_u16();
        let body: Value = reply.json().await.unwrap();
        json!({ "status": status, "body": body })
    }

    /// Whether it calls this token alive (RFC 7662).
    pub(super) async fn is_active(&self, token: &str) -> bool {
        let told = self.ask("/token/introspection", &[("token", token)]).await;
        told["body"]["active"].as_bool().unwrap()
    }

    /// Whether this access token opens what it is for.
    pub(super) async fn opens(&self, access_token: &str) -> bool {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.get(format!("{}/me", self.base)).bearer_auth(access_token);
        request.send().await.unwrap().status().is_success()
    }

    /// Spends a refresh token past Keyferry, as a thief would: the error, or `ok`.
    pub(super) async fn spend(&self, refresh_token: &str) -> String {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        let told = self.ask("/token", &form).await;
        told["body"]["error"].as_str().unwrap_or("ok").to_owned()
    }

    /// Ends it, and hands its secrets to those who search for them: the world, and the ledger of a whole run.
    pub(super) fn end(mut self, world: &World) {
        self.happened();
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
        let mut secrets: Vec<_> = self.issued.drain(..).map(|(_, secret)| secret).collect();
        secrets.push(self.client_secret.clone());
        assert!(secrets.len() > 1 || self.at_once == 0);
        if let Some(ledger) = std::env::var_os("KEYFERRY_SANDBOX_LEDGER") {
            let mut ledger = OpenOptions::new().append(true).create(true).open(ledger).unwrap();
            ledger.write_all((secrets.join("\n") + "\n").as_bytes()).unwrap();
        }
        world.also_secret(secrets);
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        // Of one that was ended, nothing is left to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
