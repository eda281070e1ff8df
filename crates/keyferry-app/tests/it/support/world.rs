//! An app with the sandbox provider and a proxy of its own around it.

use std::{fs, path::Path, sync::Arc};

use keyferry_core::provider::{ProviderFile, ProviderSet};
use keyferry_core::url::Endpoint;
use keyferry_proxy::{Credentials, Proxy, ProxyConfig};
use keyferry_sandbox::{Sandbox, SandboxConfig};
use tokio::task::JoinHandle;

use super::TestApp;

/// Provider, proxy and app, each on a port of its own.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) app: TestApp,
    proxy: JoinHandle<()>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with(SandboxConfig::default(), true).await
    }

    /// A world whose proxy holds no credentials for the sandbox.
    pub(crate) async fn without_credentials() -> Self {
        Self::start_with(SandboxConfig::default(), false).await
    }

    /// A world whose provider file says more. `BASE` is the sandbox's address.
    pub(crate) async fn with_more(more: &str) -> Self {
        Self::with_file(|file| format!("{file}\n{more}")).await
    }

    /// A world whose provider file is another one. `BASE` is the sandbox's address.
    pub(crate) async fn with_file(change: impl FnOnce(String) -> String) -> Self {
        Self::start_as(SandboxConfig::default(), true, change).await
    }

    pub(crate) async fn start_with(config: SandboxConfig, with_credentials: bool) -> Self {
        Self::start_as(config, with_credentials, |file| file).await
    }

    async fn start_as(
        config: SandboxConfig,
        with_credentials: bool,
        change: impl FnOnce(String) -> String,
    ) -> Self {
        let sandbox = Sandbox::start(config).await.unwrap();
        let text = change(sandbox.provider_file()).replace("BASE", sandbox.base_url());
        let proxy = proxy(&sandbox, &text, with_credentials).await;
        let proxy_url = Endpoint::parse(&format!("http://{}", proxy.address())).unwrap();
        let proxy = tokio::spawn(proxy.serve(std::future::pending()));
        let app = TestApp::start_with(|settings| {
            let providers = settings.data_folder.parent().unwrap().join("providers");
            write_provider(&providers, &text);
            settings.provider_folders = vec![providers];
            settings.proxy_url = proxy_url;
        })
        .await;
        Self { sandbox, app, proxy }
    }

    /// Ends the world, and checks that no secret of it lies readable in the data folder.
    pub(crate) async fn end(self) {
        let Self { sandbox, app, proxy } = self;
        let secrets = sandbox.ledger();
        let folder = app.shutdown().await;
        proxy.abort();
        sandbox.shutdown().await;
        assert_no_secret(folder.path(), &secrets);
    }
}

async fn proxy(sandbox: &Sandbox, text: &str, with_credentials: bool) -> Proxy {
    let mut providers = ProviderSet::builtin().unwrap();
    providers.insert(ProviderFile::parse("sandbox".parse().unwrap(), "sandbox.toml", text).unwrap().file);
    let (id, secret) = (sandbox.client_id().to_owned(), sandbox.client_secret().expose_secret().to_owned());
    let lookup = |name: &str| match name {
        "SANDBOX_CLIENT_ID" if with_credentials => Some(id.clone()),
        "SANDBOX_CLIENT_SECRET" if with_credentials => Some(secret.clone()),
        "GITLAB_CLIENT_ID" | "GITLAB_CLIENT_SECRET" if with_credentials => Some("registered".to_owned()),
        "GITLAB_ALLOWED_HOSTS" => Some("git.corp.example, git.local".to_owned()),
        _ => None,
    };
    let credentials = Credentials::from_environment(&providers, lookup);
    let mut config = ProxyConfig::new(Arc::new(providers));
    config.listen.address.set_port(0);
    config.credentials = credentials;
    Proxy::bind(config).await.unwrap()
}

fn write_provider(folder: &Path, text: &str) {
    fs::create_dir_all(folder).unwrap();
    fs::write(folder.join("sandbox.toml"), text).unwrap();
}

/// Every file below the folder, byte by byte: sealed or absent is what a secret has to be.
fn assert_no_secret(folder: &Path, secrets: &[String]) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_secret(&path, secrets);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "a secret lies readable in {}", path.display());
        }
    }
}
