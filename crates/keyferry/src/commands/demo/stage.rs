//! What the demo plays on: sandbox provider, proxy and app, each on a port of its own, in a temporary folder.

use std::{fs, net::SocketAddr, sync::Arc};

use keyferry_app::{api::dto::Server, boot, providers::Providers, settings::Settings, vault::KeyPlace};
use keyferry_core::url::Endpoint;
use keyferry_proxy::{Listen, Proxy, ProxyConfig};
use keyferry_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;
use tokio::{sync::oneshot, task::JoinHandle};

use super::steps::Steps;
use crate::{
    cli::Global,
    client::Api,
    error::{CliError, CliResult},
    parts,
    session::Host,
};

/// The three parts at work.
pub(super) struct Stage {
    pub(super) api: Api,
    proxy: JoinHandle<()>,
    end_proxy: oneshot::Sender<()>,
    sandbox: Sandbox,
    folder: TempDir,
}

impl Stage {
    /// Starts everything.
    pub(super) async fn set(global: &Global, steps: &mut Steps) -> CliResult<Self> {
        let failed = |what: &str, error: &dyn std::fmt::Display| {
            CliError::failed("demo_start", format!("{what}: {error}"))
        };
        let folder =
            TempDir::with_prefix("keyferry-demo-").map_err(|error| failed("no temporary folder", &error))?;
        let any = SocketAddr::from(([127, 0, 0, 1], 0));

        let config = SandboxConfig { listen: any, ..SandboxConfig::default() };
        let sandbox = Sandbox::start(config).await.map_err(|error| failed("the sandbox provider", &error))?;
        steps.done(&format!("The sandbox provider runs at {}", sandbox.base_url()));

        let files = folder.path().join("providers");
        let written = fs::create_dir(&files)
            .and_then(|()| fs::write(files.join("sandbox.toml"), sandbox.provider_file()));
        written.map_err(|error| failed("the provider file", &error))?;

        let (proxy, end_proxy, proxy_address) = proxy(&sandbox, &files, any).await?;
        steps.done(&format!("The proxy runs at http://{proxy_address}; it alone has the client secret"));

        let proxy_url = Endpoint::parse(&format!("http://{proxy_address}"))
            .map_err(|error| failed("the proxy's address", &error))?;
        let settings = Settings {
            listen: any,
            proxy_url,
            provider_folders: vec![files],
            // It lasts as long as its folder, which no keychain knows of.
            vault_key: Some(KeyPlace::File),
            ..Settings::defaults(folder.path().join("app"))
        };
        let app = boot(settings, parts::parts(false)?).await?;
        steps.done(&format!("The app runs at http://{}, its data in a temporary folder", app.address()));
        let api = Api::of(Host::of_app(global, app)).await?;
        Ok(Self { api, proxy, end_proxy, sandbox, folder })
    }

    /// Where the notes server finds its API.
    pub(super) fn notes_url(&self) -> String {
        self.sandbox.api_url()
    }

    /// What was seen on the tokens' way.
    pub(super) async fn seen(&self, server: &str) -> CliResult<Vec<String>> {
        let server: Server = self.api.get(&format!("/servers/{server}")).await?;
        let counts = self.sandbox.counters();
        let request = self.sandbox.recorded_token_requests().into_iter().next();
        let request =
            request.ok_or_else(|| CliError::failed("demo_path", "the provider saw no token request"))?;
        let issued = self.sandbox.ledger();
        let vault = self.vault_files()?;
        let plain = issued
            .iter()
            .filter(|secret| vault.iter().any(|bytes| contains(bytes, secret.as_bytes())))
            .count();
        if plain > 0 {
            return Err(CliError::failed("demo_path", "a secret stands in the vault as it is"));
        }
        let has_secret = request.fields.iter().any(|(name, _)| name == "client_secret");
        let verifier = request.fields.iter().any(|(name, _)| name == "code_verifier");
        if !has_secret || !verifier {
            return Err(CliError::failed(
                "demo_path",
                "the token request lacked the client secret or the code verifier",
            ));
        }
        Ok(vec![
            "provider's page → the app's loopback redirect: the code came back with its state and issuer"
                .to_owned(),
            format!(
                "app → proxy → provider: {} code exchange, with the code verifier; the proxy added the client secret",
                counts.code_requests
            ),
            format!(
                "vault: {} files searched for each of the {} secrets issued, none found",
                vault.len(),
                issued.len()
            ),
            environment(server.pid, &issued)?,
            format!("server → API: {} requests, answered with the token", counts.api_requests),
        ])
    }

    fn vault_files(&self) -> CliResult<Vec<Vec<u8>>> {
        let failed = |error: std::io::Error| {
            CliError::failed("demo_path", format!("the data folder can't be searched: {error}"))
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(self.folder.path().join("app")).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_string_lossy().starts_with("vault.db") {
                files.push(fs::read(entry.path()).map_err(failed)?);
            }
        }
        Ok(files)
    }

    /// Ends everything, in the order in which nothing is missed.
    pub(super) async fn strike(self) {
        self.api.close().await;
        let _ = self.end_proxy.send(());
        let _ = self.proxy.await;
        self.sandbox.shutdown().await;
        drop(self.folder);
    }
}

async fn proxy(
    sandbox: &Sandbox,
    files: &std::path::Path,
    listen: SocketAddr,
) -> CliResult<(JoinHandle<()>, oneshot::Sender<()>, SocketAddr)> {
    let failed =
        |error: &dyn std::fmt::Display| CliError::failed("demo_start", format!("the proxy: {error}"));
    let providers = Providers::load("".as_ref(), &[files.to_owned()]).now().set().clone();
    let lookup = |name: &str| match name {
        "SANDBOX_CLIENT_ID" => Some(sandbox.client_id().to_owned()),
        "SANDBOX_CLIENT_SECRET" => Some(sandbox.client_secret().expose_secret().to_owned()),
        _ => None,
    };
    let mut config =
        ProxyConfig::from_environment(Arc::new(providers), lookup).map_err(|error| failed(&error))?;
    config.listen = Listen::from(listen);
    let proxy = Proxy::bind(config).await.map_err(|error| failed(&error))?;
    let address = proxy.address();
    let (end, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn(proxy.serve(async {
        let _ = ended.await;
    }));
    Ok((serving, end, address))
}

/// What the server's process got, as its system tells.
fn environment(pid: Option<u32>, issued: &[String]) -> CliResult<String> {
    let variables = pid.and_then(|pid| fs::read(format!("/proc/{pid}/environ")).ok());
    let Some(variables) = variables else {
        return Ok("environment of the server's process: not shown by this system".to_owned());
    };
    let with_secret: Vec<_> = variables
        .split(|byte| *byte == 0)
        .filter(|variable| issued.iter().any(|secret| contains(variable, secret.as_bytes())))
        .filter_map(|variable| variable.split(|byte| *byte == b'=').next())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    if with_secret != ["SANDBOX_ACCESS_TOKEN"] {
        return Err(CliError::failed(
            "demo_path",
            format!("issued secrets stand in these variables: {}", with_secret.join(", ")),
        ));
    }
    Ok("environment of the server's process: one of those secrets, the access token in SANDBOX_ACCESS_TOKEN"
        .to_owned())
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
