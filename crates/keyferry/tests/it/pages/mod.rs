//! The app's pages in a real Chromium, with the real sign-in at the sandbox provider.

mod attention;
mod clients;
mod hostile;
mod install;
mod looks;
mod refused;
mod rotation;
mod session;
mod uninstall;
mod weight;
#[cfg(target_os = "linux")]
mod window;

use std::{fs, process::Command};

use keyferry_sandbox::SandboxConfig;
use serde_json::Value;

use crate::support::{Chromium, Service, Tab, World};

/// Provider, proxy and app, and a browser.
struct Stage {
    world: World,
    proxy: Service,
    app: Service,
    chromium: Chromium,
}

impl Stage {
    /// Sets it up. None where there is no browser.
    async fn set() -> Option<Self> {
        Self::set_with(SandboxConfig::default()).await
    }

    /// The same, with a sandbox provider of one's own.
    async fn set_with(config: SandboxConfig) -> Option<Self> {
        Self::set_by(config, &[], |_, _| {}).await
    }

    /// The same, with these manifests in the catalog.
    async fn set_with_manifests(manifests: &[Value]) -> Option<Self> {
        Self::set_by(SandboxConfig::default(), manifests, |_, _| {}).await
    }

    /// The same, with an app whose command was changed.
    async fn set_by(
        config: SandboxConfig,
        manifests: &[Value],
        change: impl FnOnce(&World, &mut Command),
    ) -> Option<Self> {
        let chromium = Chromium::start().await?;
        let world = World::with(config, |file| file).await;
        let folder = world.path("catalog");
        fs::create_dir_all(&folder).unwrap();
        for (number, manifest) in manifests.iter().enumerate() {
            fs::write(folder.join(format!("{number}.json")), manifest.to_string()).unwrap();
        }
        let proxy = world.proxy();
        let mut command = world.command(&["app"]);
        command.env("KEYFERRY_CATALOG_SOURCES", folder);
        change(&world, &mut command);
        let app = Service::start(command);
        Some(Self { world, proxy, app, chromium })
    }

    /// A tab with the app's pages.
    async fn tab(&self) -> Tab {
        self.chromium.opened(&self.world).await
    }

    /// The address of a page.
    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.app.url)
    }

    /// Fills the form of the notes server, and begins its install.
    async fn begin(&self, tab: &Tab) {
        tab.go(&self.at("/catalog/sandbox-notes")).await;
        tab.fill("[name='set.api_url']", &self.world.sandbox.api_url()).await;
        tab.press("Install").await;
        tab.says("Installing").await;
    }

    /// Presses a button at the provider's page, which the install has opened in a tab of its own.
    async fn decide(&self, tab: &Tab, button: &str) {
        tab.press("Allow access").await;
        let consent = self.chromium.opened_at("/authorize").await;
        consent.press(button).await;
        consent.says("Keyferry").await;
        consent.until("location.pathname.startsWith('/oauth/callback/')").await;
        consent.until("!location.search").await;
        consent.close().await;
    }

    /// Installs the notes server by clicking.
    async fn install(&self, tab: &Tab) {
        self.begin(tab).await;
        self.decide(tab, "Allow").await;
        tab.says("Installed").await;
    }

    /// Ends it all; nothing may be left.
    async fn end(self) {
        self.chromium.end().await;
        assert_eq!(self.app.end(&self.world), 0);
        assert_eq!(self.proxy.end(&self.world), 0);
        self.world.end().await;
    }
}
