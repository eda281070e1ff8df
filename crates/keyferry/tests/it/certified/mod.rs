//! The whole program against `oidc-provider`, a certified OpenID provider that is not ours. It rotates refresh tokens, and one that comes
//! a second time ends the whole grant.

mod person;
mod provider;
mod refresh;
mod reuse;
mod revoke;
mod sign_in;

use std::{fs, path::PathBuf};

use keyferry_app::{
    entropy::Entropy,
    home::DataFolder,
    vault::{KeyAccess, Vault},
};
use serde_json::{Value, json};

use crate::support::{Ran, Service, World};
use person::Choice;
use provider::{NAME, Provider, Tally};

/// Provider, proxy and app, each a process of its own.
struct Stage {
    world: World,
    provider: Provider,
    proxy: Service,
    app: Service,
}

impl Stage {
    /// Sets it up, with the provider file that Keyferry writes from the provider's own discovery document, or a change of it. None where
    /// the provider can't run here.
    async fn set_up_with(change: impl FnOnce(String) -> String) -> Option<Self> {
        let world = World::new().await;
        let Some(provider) = Provider::start(&world) else {
            world.end().await;
            return None;
        };
        let file = world.run(
            &[
                &["provider", "new", NAME, "--discover", &provider.base, "--scope", "openid"][..],
                &["--scope", "offline_access", "--env", "SANDBOX_ACCESS_TOKEN", "--client-auth"],
                &["client_secret_basic", "--output", "-"],
            ]
            .concat(),
        );
        assert_eq!(file.code, 0, "{}", file.stderr);
        fs::write(world.path(&format!("providers/{NAME}.toml")), change(file.stdout)).unwrap();
        // These tests compare what the app keeps with what the provider issued.
        let credentials = format!(
            "CERTIFIED_CLIENT_ID=keyferry\nCERTIFIED_CLIENT_SECRET={}\nKEYFERRY_PROXY_SEALING=false\n",
            provider.client_secret
        );
        fs::write(world.path(".env"), credentials).unwrap();
        let proxy = world.proxy_as_it_is();
        let app = world.app();
        Some(Self { world, provider, proxy, app })
    }

    async fn set_up() -> Option<Self> {
        Self::set_up_with(|file| file).await
    }

    /// Installs a server with an account there: the sandbox's own, whose tool `whoami` asks the provider's userinfo endpoint.
    async fn install(&self, choice: Choice) -> Ran {
        let manifest = json!({
            "name": "who", "display_name": "Who", "description": "Tells who signed in",
            "archestra_config": { "oauth": { "provider": NAME, "required": true } },
            "server": {
                "type": "local", "command": "keyferry", "args": ["sandbox", "notes"],
                "env": { "SANDBOX_API_URL": self.provider.base }
            }
        });
        fs::write(self.world.path("who.json"), manifest.to_string()).unwrap();
        let person = async |page: String| {
            let back = person::sign_in(&page, choice).await;
            person::go(&back).await;
        };
        self.world.install_by(&["install", "who.json"], person).await
    }

    /// Installs it with everything allowed. Answers the connection's id.
    async fn sign_in(&mut self) -> String {
        let ran = self.install(Choice::Allow).await;
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        assert_eq!(
            self.provider.happened(),
            tally(&[
                ("authorization.success", 1),
                ("token_request", 1),
                ("grant.success authorization_code", 1)
            ])
        );
        self.connection()["id"].as_str().unwrap().to_owned()
    }

    /// The one connection, as the app shows it.
    fn connection(&self) -> Value {
        let listed = self.world.json(&["connections", "list"]);
        let [connection] = listed["connections"].as_array().unwrap().as_slice() else {
            panic!("not one connection: {listed}")
        };
        connection.clone()
    }

    /// One of the app's callers.
    fn caller(&self) -> Caller {
        let token = fs::read_to_string(self.world.path("data/api-token")).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Caller { http, base: self.app.url.clone(), token: token.trim().to_owned() }
    }

    /// Ends the app, and opens the vault that it leaves.
    fn end_app(self) -> (Ended, Vault) {
        let Self { world, provider, proxy, app } = self;
        assert_eq!(app.end(&world), 0);
        let vault = open(world.path("data"));
        (Ended { world, provider, proxy }, vault)
    }

    async fn end(self) {
        let (ended, vault) = self.end_app();
        drop(vault);
        ended.end().await;
    }
}

/// A stage without its app.
struct Ended {
    world: World,
    provider: Provider,
    proxy: Service,
}

impl Ended {
    /// Another app in the same folder.
    fn again(self) -> Stage {
        let Self { world, provider, proxy } = self;
        let app = world.app();
        Stage { world, provider, proxy, app }
    }

    async fn end(self) {
        let Self { world, provider, proxy } = self;
        assert_eq!(proxy.end(&world), 0);
        provider.end(&world);
        world.end().await;
    }
}

fn open(folder: PathBuf) -> Vault {
    let folder = DataFolder::prepare(&folder).unwrap();
    Vault::open(&folder, &KeyAccess::to_files(), &Entropy::system()).unwrap()
}

/// Who asks the app's local API.
#[derive(Clone)]
struct Caller {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Caller {
    /// Asks for another access token.
    async fn refresh(&self, id: &str) -> (u16, Value) {
        let request = self.http.post(format!("{}/api/v1/connections/{id}/refresh", self.base));
        let reply = request.bearer_auth(&self.token).json(&json!({})).send().await.unwrap();
        (reply.status().as_u16(), reply.json().await.unwrap())
    }
}

fn tally(counts: &[(&str, usize)]) -> Tally {
    counts.iter().map(|(what, count)| ((*what).to_owned(), *count)).collect()
}
