//! The app with servers that are not ours, each installed from a manifest.

use std::fs;

use serde_json::json;

use super::{Kit, kit};
use crate::support::{Service, World};

/// A server that can be installed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Server {
    /// npm's `@modelcontextprotocol/server-everything`.
    Everything,
    /// Ours, on the official TypeScript SDK, with what the conformance suite asks of a server.
    Reference,
    /// PyPI's `mcp-server-time`.
    Time,
    /// PyPI's `mcp-server-git`.
    Git,
}

pub(super) struct Stage {
    pub(super) kit: Kit,
    pub(super) world: World,
    pub(super) app: Service,
}

impl Server {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Reference => "reference",
            Self::Time => "time",
            Self::Git => "git",
        }
    }

    fn command(self, kit: &Kit) -> Vec<String> {
        match self {
            Self::Everything => {
                [kit.script(&format!("{PACKAGES}/server-everything/dist/index.js")), vec!["stdio".to_owned()]]
                    .concat()
            }
            Self::Reference => kit.script("reference/server.mjs"),
            Self::Time => {
                vec![kit.program("mcp-server-time"), "--local-timezone".to_owned(), "UTC".to_owned()]
            }
            Self::Git => vec![kit.program("mcp-server-git")],
        }
    }
}

/// Where npm puts the protocol's own packages.
pub(super) const PACKAGES: &str = "node_modules/@modelcontextprotocol";

impl Stage {
    /// Sets it up with these servers. None where the machine lacks what they need.
    pub(super) async fn set_up(servers: &[Server]) -> Option<Self> {
        let kit = Kit::find()?;
        let world = World::new().await;
        let app = world.app();
        let stage = Self { kit, world, app };
        for server in servers {
            stage.install(*server);
        }
        Some(stage)
    }

    fn install(&self, server: Server) {
        let mut command = server.command(&self.kit);
        let arguments = command.split_off(1);
        self.install_manifest(
            server.name(),
            &json!({ "type": "local", "command": command[0], "args": arguments }),
        );
    }

    /// Installs a server from the part of a manifest that says how it is reached.
    pub(super) fn install_manifest(&self, name: &str, server: &serde_json::Value) {
        let manifest = json!({ "name": name, "description": "Not ours", "server": server });
        let file = format!("{name}.json");
        fs::write(self.world.path(&file), manifest.to_string()).unwrap();
        let ran = self.world.run(&["install", &file]);
        assert_eq!(ran.code, 0, "{name}: {}{}", ran.stdout, ran.stderr);
    }

    /// The address of the gateway, or of one server behind it.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.app.url.trim_end_matches('/'))
    }

    /// What opens the gateway.
    pub(super) fn token(&self) -> String {
        fs::read_to_string(self.world.path("data/api-token")).unwrap().trim().to_owned()
    }

    /// Ends all of it: nothing may be left over.
    pub(super) async fn end(self) {
        assert_eq!(self.app.end(&self.world), 0);
        self.world.end().await;
    }
}

/// The scripts of the clients.
pub(super) fn client(name: &str) -> String {
    kit::folder().join("clients").join(name).to_str().unwrap().to_owned()
}
