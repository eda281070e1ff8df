//! Sign-in in a window on the pages: two real Chromiums, one with the app's pages, and one on a display, in which a person signs in.

mod again;
mod ends;
mod install;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf, process::Command};

use keyferry_sandbox::SandboxConfig;
use serde_json::{Value, json};

use super::{Stage, looks};
use crate::support::{Acme, Display, NARROW, Tab, WIDE, World, program};

/// The stage, the service, and the display of the window.
struct Scene {
    stage: Stage,
    display: Display,
    acme: Acme,
    axe: PathBuf,
}

impl Scene {
    /// Sets it up. None where there is no browser.
    async fn set() -> Option<Self> {
        Self::set_by(|_, _| {}).await
    }

    /// The same, with an app whose command was changed.
    async fn set_by(change: impl FnOnce(&World, &mut Command)) -> Option<Self> {
        let axe = looks::axe()?;
        let (display, acme) = (Display::start(), Acme::start().await);
        let manifests = [
            manifest(
                "acme-notes",
                &json!({ "browser_based": { "provider": "acme-browser", "required": true } }),
            ),
            manifest(
                "acme-both",
                &json!({
                    "oauth": { "provider": "sandbox", "required": true },
                    "browser_based": { "provider": "acme-browser", "required": false },
                }),
            ),
        ];
        let stage = Stage::set_by(SandboxConfig::default(), &manifests, |world, command| {
            acme.describe(world);
            drives(world, "exec CHROMIUM \"$@\"");
            command.env("DISPLAY", display.name()).env("KEYFERRY_BROWSER_COMMAND", world.path("browser"));
            change(world, command);
        });
        Some(Self { stage: stage.await?, display, acme, axe })
    }

    /// Keeps pictures of a page, wide and narrow. It must be without barriers, and not scroll sideways.
    async fn looks(&self, tab: &Tab, name: &str) {
        for width in [WIDE, NARROW] {
            tab.wide(width).await;
            tab.whole_picture(&format!("window-{name}-{width}")).await;
            assert_eq!(looks::barriers(tab, &self.axe).await, Vec::<String>::new(), "{name} {width}");
            let wide = tab.value("document.documentElement.scrollWidth > innerWidth").await.unwrap();
            assert_eq!(wide, false, "{name} {width}: it scrolls sideways");
        }
        tab.wide(WIDE).await;
    }

    /// Begins a sign-in to a new account from the provider's page.
    async fn begin(&self, tab: &Tab) {
        self.acme.again();
        tab.go(&self.stage.at("/providers/acme-browser")).await;
        tab.click("[name=agreed]").await;
        tab.press("Sign in").await;
        tab.until("location.pathname.startsWith('/sign-ins/')").await;
    }

    /// Ends it. Nothing of a window may be left, neither a process, which the world looks for, nor a profile.
    async fn end(self) {
        let passing = self.stage.world.path("data/browser/passing");
        assert_eq!(fs::read_dir(passing).into_iter().flatten().count(), 0, "a profile is left");
        self.stage.end().await;
    }
}

/// A server that tells its environment.
fn manifest(name: &str, sign_in: &Value) -> Value {
    let tests = std::env::current_exe().unwrap();
    let server = tests.ancestors().nth(2).unwrap().join("examples/keyferry-test-server");
    assert!(server.is_file(), "`cargo build -p keyferry-app --examples` builds {}", server.display());
    json!({
        "name": name, "display_name": name.replace("acme-", "Acme "),
        "description": "Your notes at Acme",
        "server": { "type": "local", "command": server, "args": ["echo"] },
        "archestra_config": sign_in,
    })
}

/// Makes the world's browser one that does this; CHROMIUM stands for the real one.
fn drives(world: &World, does: &str) {
    let script = world.path("browser");
    let does = does.replace("CHROMIUM", &program().unwrap().display().to_string());
    fs::write(&script, format!("#!/bin/sh\nunset LD_PRELOAD\n{does}\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
}
