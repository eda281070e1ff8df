//! A world of a person's own: a home, a sandbox provider, and the program run in it. At its end nothing may be left over: no process, no
//! secret in anything that was printed or written.

#[cfg(target_os = "linux")]
mod acme;
mod browser;
#[cfg(target_os = "linux")]
mod clock;
#[cfg(target_os = "linux")]
mod contained;
#[cfg(target_os = "linux")]
mod display;
#[cfg(target_os = "linux")]
mod keychain;
#[cfg(unix)]
#[path = "../../../../keyferry-app/tests/it/support/podman.rs"]
#[expect(dead_code, reason = "the app's own tests need more of it")]
pub(crate) mod podman;
#[cfg(unix)]
mod prepared;
mod processes;
mod service;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::Mutex,
};

use keyferry_sandbox::{RedirectRule, Sandbox, SandboxConfig};
use serde_json::Value;
use tempfile::TempDir;

#[cfg(target_os = "linux")]
pub(crate) use acme::{Acme, TOKEN};
pub(crate) use browser::{Chromium, NARROW, Tab, WIDE, link, program};
#[cfg(target_os = "linux")]
pub(crate) use clock::OwnClock;
#[cfg(target_os = "linux")]
pub(crate) use contained::Container;
#[cfg(target_os = "linux")]
pub(crate) use display::Display;
#[cfg(target_os = "linux")]
pub(crate) use keychain::Keychain;
#[cfg(unix)]
pub(crate) use prepared::after;
#[cfg(target_os = "linux")]
pub(crate) use prepared::{in_own_network, mounted};
pub(crate) use processes::{hangup, interrupt, kill, left_over, terminate, until};
pub(crate) use service::Service;

/// Where a person's things are, and what was printed so far.
pub(crate) struct World {
    pub(crate) home: TempDir,
    pub(crate) sandbox: Sandbox,
    printed: Mutex<String>,
    secrets: Mutex<Vec<String>>,
    proxy_url: Mutex<Option<String>>,
}

/// What a command came to.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::of_provider("sandbox").await
    }

    /// A world whose sandbox provider answers to the redirect of a provider of this name.
    pub(crate) async fn of_provider(name: &str) -> Self {
        let redirect_uris = vec![RedirectRule::Loopback { path: format!("/oauth/callback/{name}") }];
        Self::with(SandboxConfig { redirect_uris, ..SandboxConfig::default() }, |file| file).await
    }

    /// A world of a sandbox provider of one's own, and of its provider file changed.
    pub(crate) async fn with(config: SandboxConfig, file: impl FnOnce(String) -> String) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("providers")).unwrap();
        fs::write(home.path().join("providers/sandbox.toml"), file(sandbox.provider_file())).unwrap();
        Self {
            home,
            sandbox,
            printed: Mutex::default(),
            secrets: Mutex::default(),
            proxy_url: Mutex::default(),
        }
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.home.path().join(below)
    }

    /// The program in this world, with nothing of the environment that the tests run in.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        // A benchmark measures the release; see `cargo xtask bench pages`.
        let program = std::env::var_os("KEYFERRY_TEST_PROGRAM");
        let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_keyferry").into()));
        command.args(arguments).current_dir(self.home.path()).stdin(Stdio::null()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.home.path());
        command.env("TMPDIR", self.tmp());
        command.env("KEYFERRY_HOME", self.path("data"));
        command.env("KEYFERRY_PROVIDERS", self.path("providers"));
        command.env("KEYFERRY_OPEN_BROWSER", "false");
        command.env("KEYFERRY_LISTEN", "127.0.0.1:0");
        // Whatever engine the machine has: a test that wants a container says so.
        command.env("KEYFERRY_SERVERS_RUNTIME", "process");
        command.env("KEYFERRY_LOG", "debug");
        // Whoever runs the tests has a keychain of their own.
        command.env("KEYFERRY_VAULT_KEY", "file");
        if let Some(url) = self.proxy_url.lock().unwrap().as_ref() {
            command.env("KEYFERRY_PROXY_URL", url);
        }
        command
    }

    fn tmp(&self) -> PathBuf {
        let tmp = self.path("tmp");
        fs::create_dir_all(&tmp).unwrap();
        tmp
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        self.ran(self.command(arguments).output().unwrap())
    }

    /// The connections, each of which must be readable.
    pub(crate) fn connections(&self) -> Vec<Value> {
        let list = self.json(&["connections", "list"]);
        assert!(list["problems"].as_array().is_none_or(Vec::is_empty), "{list}");
        list["connections"].as_array().unwrap().clone()
    }

    /// The id of the one connection.
    pub(crate) fn connection(&self) -> String {
        let connections = self.connections();
        assert_eq!(connections.len(), 1);
        connections[0]["id"].as_str().unwrap().to_owned()
    }

    /// Runs a command that must work, and reads its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        serde_json::from_str(&ran.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", ran.stdout))
    }

    pub(crate) fn ran(&self, output: Output) -> Ran {
        let stdout = String::from_utf8(output.stdout).unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        self.note(&stdout);
        self.note(&stderr);
        Ran { code: output.status.code().unwrap_or(-1), stdout, stderr }
    }

    /// Keeps what was printed, for the search at the end.
    pub(crate) fn note(&self, text: &str) {
        self.printed.lock().unwrap().push_str(text);
    }

    /// Keeps secrets of others than the sandbox, for the search at the end.
    pub(crate) fn also_secret(&self, secrets: Vec<String>) {
        self.secrets.lock().unwrap().extend(secrets);
    }

    /// Starts the proxy with the sandbox's credentials in a `.env`, and lets later commands find it.
    pub(crate) fn proxy(&self) -> Service {
        let secret = self.sandbox.client_secret().expose_secret();
        let text =
            format!("SANDBOX_CLIENT_ID={}\nSANDBOX_CLIENT_SECRET={secret}\n", self.sandbox.client_id());
        fs::write(self.path(".env"), text).unwrap();
        self.proxy_as_it_is()
    }

    /// Starts the proxy with whatever `.env` there is, and lets later commands find it.
    pub(crate) fn proxy_as_it_is(&self) -> Service {
        let proxy = Service::start(self.command(&["proxy", "--listen", "127.0.0.1:0"]));
        self.use_proxy(&proxy.url);
        proxy
    }

    /// Lets later commands find this proxy.
    pub(crate) fn use_proxy(&self, url: &str) {
        *self.proxy_url.lock().unwrap() = Some(url.to_owned());
    }

    pub(crate) fn app(&self) -> Service {
        Service::start(self.command(&["app"]))
    }

    /// Installs `sandbox-notes`, as a person who clicks Allow.
    pub(crate) async fn install(&self) -> Ran {
        let api_url = format!("api_url={}", self.sandbox.api_url());
        self.install_as(&["install", "sandbox-notes", "--set", &api_url], true).await
    }

    /// Runs an install, and allows or denies on the page that it names.
    pub(crate) async fn install_as(&self, arguments: &[&str], allow: bool) -> Ran {
        let person = async |page: String| {
            let back = if allow {
                keyferry_sandbox::consent::approve(&page).await
            } else {
                keyferry_sandbox::consent::deny(&page).await
            };
            let browser = reqwest::Client::builder().no_proxy().build().unwrap();
            browser.get(back.unwrap().expose_url()).send().await.unwrap();
        };
        self.install_by(arguments, person).await
    }

    /// Runs an install, and has somebody play the person on the page that it names.
    pub(crate) async fn install_by(&self, arguments: &[&str], person: impl AsyncFnOnce(String)) -> Ran {
        let mut command = self.command(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        service::answered(self, command, person).await
    }

    /// Ends the world: no process of it may be left, and no secret that was issued may stand in what was printed or written.
    pub(crate) async fn end(self) {
        until("no process is left", || left_over(self.home.path()).is_empty());
        let mut secrets = self.sandbox.ledger();
        secrets.push(self.sandbox.client_secret().expose_secret().to_owned());
        secrets.append(&mut self.secrets.lock().unwrap());
        let printed = self.printed.lock().unwrap().clone();
        for secret in &secrets {
            assert!(!printed.contains(secret.as_str()), "a secret was printed");
        }
        search(&self.path("data"), &secrets);
        self.sandbox.shutdown().await;
    }
}

fn search(folder: &Path, secrets: &[String]) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, secrets);
        } else if let Ok(bytes) = fs::read(&path) {
            for secret in secrets {
                let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
                assert!(!found, "a secret lies readable in {}", path.display());
            }
        }
    }
}
