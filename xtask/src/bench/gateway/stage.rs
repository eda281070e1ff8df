//! Where it plays: the sandbox provider, proxy and app as they are shipped, and `sandbox-notes` installed by a sign-in.

use std::{
    ffi::OsString,
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use super::consent;
use crate::bench::process::Process;

pub(super) const SERVER: &str = "sandbox-notes";

/// What runs. The order is that of the ends.
pub(super) struct Stage {
    app: Process,
    _proxy: Process,
    _sandbox: Process,
    program: PathBuf,
    home: PathBuf,
    /// Where the app listens, and the token that opens it.
    pub(super) address: String,
    pub(super) token: String,
    /// What the notes server is started with.
    notes: Vec<(String, OsString)>,
}

impl Stage {
    /// Starts all of it below a folder.
    pub(super) fn set(program: &Path, home: &Path) -> Result<Self, String> {
        let program = program.to_owned();
        let mut serve = command(&program, home);
        serve.args(["sandbox", "serve", "--listen", "127.0.0.1:0", "--json"]);
        let (sandbox, told) = Process::start_told("the sandbox", &mut serve)?;
        let url = text(&told, "address")?;
        provider_file(home, &url)?;

        let mut proxy = command(&program, home);
        proxy.args(["proxy", "--listen", "127.0.0.1:0", "--json"]);
        proxy.env("SANDBOX_CLIENT_ID", text(&told, "client_id")?);
        proxy.env("SANDBOX_CLIENT_SECRET", text(&told, "client_secret")?);
        let (proxy, told) = Process::start_told("keyferry proxy", &mut proxy)?;
        let proxy_url = text(&told, "address")?;

        let mut app = command(&program, home);
        app.args(["app", "--listen", "127.0.0.1:0", "--json"]).env("KEYFERRY_PROXY_URL", proxy_url);
        let (app, told) = Process::start_told("keyferry app", &mut app)?;
        let address = text(&told, "address")?.replace("http://", "");
        let api_url = format!("{url}/api");
        install(command(&program, home), &api_url)?;

        let token = fs::read_to_string(home.join("data/api-token")).map_err(|error| error.to_string())?;
        let mut stage = Self {
            app,
            _proxy: proxy,
            _sandbox: sandbox,
            program,
            home: home.to_owned(),
            address,
            token: token.trim().to_owned(),
            notes: vec![("SANDBOX_API_URL".to_owned(), api_url.into())],
        };
        let access_token = stage.access_token()?;
        stage.notes.push(("SANDBOX_ACCESS_TOKEN".to_owned(), access_token));
        Ok(stage)
    }

    pub(super) fn app(&self) -> u32 {
        self.app.id()
    }

    /// The notes server by itself, with what it is started with through the app.
    pub(super) fn notes(&self) -> Command {
        let mut notes = command(&self.program, &self.home);
        notes.args(["sandbox", "notes"]).envs(self.variables());
        notes
    }

    /// The command of the notes server, word by word.
    pub(super) fn notes_command(&self) -> [OsString; 3] {
        [self.program.clone().into(), "sandbox".into(), "notes".into()]
    }

    /// What the notes server is started with.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &OsString)> {
        self.notes.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(super) fn bridge(&self) -> Command {
        let mut bridge = command(&self.program, &self.home);
        bridge.args(["bridge", SERVER]);
        bridge
    }

    /// The token that the running server has: every way to it uses the same.
    fn access_token(&self) -> Result<OsString, String> {
        let mut status = command(&self.program, &self.home);
        let status = status.args(["status", SERVER, "--json"]).stderr(Stdio::inherit()).output();
        let status: Value = serde_json::from_slice(&status.map_err(|error| error.to_string())?.stdout)
            .map_err(|error| format!("keyferry status: {error}"))?;
        let process = status.get("pid").and_then(Value::as_u64).ok_or("the server has no process")?;
        let variables = fs::read(format!("/proc/{process}/environ")).map_err(|error| error.to_string())?;
        let mut variables = variables.split(|byte| *byte == 0);
        let found = variables.find_map(|variable| variable.strip_prefix(b"SANDBOX_ACCESS_TOKEN="));
        let found = found.ok_or("the server has no token")?.to_vec();
        String::from_utf8(found).map(OsString::from).map_err(|error| error.to_string())
    }
}

/// The program, with nothing of the environment that the benchmark runs in.
fn command(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(home).env_clear().env("HOME", home).stdin(Stdio::null());
    command.env("KEYFERRY_HOME", home.join("data")).env("KEYFERRY_PROVIDERS", home.join("providers"));
    command.env("KEYFERRY_VAULT_KEY", "file").env("KEYFERRY_OPEN_BROWSER", "false");
    command.env("KEYFERRY_SERVERS_RUNTIME", "process").env("KEYFERRY_LOG", "warn");
    command
}

/// The shipped provider file, with the sandbox's address in it.
fn provider_file(home: &Path, url: &str) -> Result<(), String> {
    let shipped = crate::machine::root().join("providers/sandbox.toml");
    let text = fs::read_to_string(&shipped).map_err(|error| format!("{}: {error}", shipped.display()))?;
    let folder = home.join("providers");
    let written = fs::create_dir(&folder)
        .and_then(|()| fs::write(folder.join("sandbox.toml"), text.replace("http://127.0.0.1:7668", url)));
    written.map_err(|error| format!("{}: {error}", folder.display()))
}

/// Installs the notes server, as a person who clicks Allow on the page that is named on standard error.
fn install(mut command: Command, api_url: &str) -> Result<(), String> {
    command.args(["install", SERVER, "--set", &format!("api_url={api_url}")]);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| error.to_string())?;
    let told = child.stderr.take().ok_or("standard error is not piped")?;
    let mut heard = String::new();
    for line in BufReader::new(told).lines().map_while(Result::ok) {
        if let Some(page) = line.split_whitespace().find(|word| word.contains("redirect_uri=")) {
            consent::allow(page)?;
        } else {
            heard.push_str(&line);
            heard.push('\n');
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(()) } else { Err(format!("{SERVER} could not be installed: {heard}")) }
}

fn text(told: &Value, name: &str) -> Result<String, String> {
    let found = told.get(name).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| format!("no {name} was told"))
}
