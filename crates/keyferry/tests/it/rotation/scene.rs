//! Where it plays: a sandbox provider with short tokens, proxy and app, and the notes server in a process or a container.

use std::time::Duration;

use keyferry_sandbox::SandboxConfig;
use serde_json::json;

#[cfg(unix)]
use crate::support::podman::{IMAGE, Podman, podman};
use crate::support::{Service, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Runtime {
    Process,
    #[cfg(unix)]
    Container,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Delivery {
    Environment,
    File,
}

pub(super) struct Scene {
    pub(super) world: World,
    pub(super) app: Service,
    proxy: Service,
    /// The engine ends after its containers.
    #[cfg(unix)]
    _podman: Option<std::sync::Arc<Podman>>,
}

impl Scene {
    /// Starts everything, and installs the server as `sandbox-notes`. Nothing where the machine lacks an engine.
    pub(super) async fn set(runtime: Runtime, delivery: Delivery, life: Duration) -> Option<Self> {
        #[cfg(unix)]
        let engine = match runtime {
            Runtime::Process => None,
            Runtime::Container => Some(podman().await?),
        };
        let config = SandboxConfig { access_token_lifetime: life, ..SandboxConfig::default() };
        let world = World::with(config, |file| delivered(file, delivery)).await;
        let proxy = world.proxy();
        let mut app = world.command(&["app"]);
        #[cfg(unix)]
        app.envs(engine.iter().flat_map(|engine| engine.environment()));
        let app = Service::start(app);
        let ran = match runtime {
            Runtime::Process => world.install().await,
            #[cfg(unix)]
            Runtime::Container => installed_in_a_container(&world).await,
        };
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        let ran_in = &world.json(&["status", "sandbox-notes"])["runtime"];
        assert_eq!(ran_in, &json!(format!("{runtime:?}").to_lowercase()));
        Some(Self {
            world,
            app,
            proxy,
            #[cfg(unix)]
            _podman: engine,
        })
    }

    /// Ends everything. A credential file lies open to its server, and to nobody once that is gone.
    pub(super) async fn strike(self) {
        assert_eq!(self.world.run(&["uninstall", "sandbox-notes"]).code, 0);
        self.app.end(&self.world);
        self.proxy.end(&self.world);
        self.world.end().await;
    }
}

/// The provider file, with the token where it is to be.
fn delivered(file: String, delivery: Delivery) -> String {
    let variable = "SANDBOX_ACCESS_TOKEN = \"{access_token}\"";
    assert!(file.contains(variable), "{file}");
    match delivery {
        Delivery::Environment => file,
        Delivery::File => format!(
            "{}\n[[file]]\npath = \"~/.sandbox/token\"\ncontent = \"{{access_token}}\"\n",
            file.replace(variable, "")
        ),
    }
}

/// The same server, from an image that has nothing else in it. It reaches this machine's loopback, where the sandbox's API is.
#[cfg(unix)]
async fn installed_in_a_container(world: &World) -> crate::support::Ran {
    let manifest = json!({
        "name": "sandbox-notes",
        "archestra_config": { "oauth": { "provider": "sandbox", "required": true } },
        "server": {
            "type": "local", "docker_image": IMAGE, "command": "/server", "args": ["notes"],
            "env": { "SANDBOX_API_URL": world.sandbox.api_url() },
        },
    });
    std::fs::write(world.path("notes.json"), manifest.to_string()).unwrap();
    let arguments = ["install", "./notes.json", "--runtime", "container", "--network", "host"];
    world.install_as(&arguments, true).await
}
