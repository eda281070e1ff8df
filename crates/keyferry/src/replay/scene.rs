//! The scene of a play: the stand-in, the proxy with the file's endpoints at the stand-in, and the way between them.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc, time::Duration};

use keyferry_app::connections::ProxyClient;
use keyferry_core::{
    delivery::{JsonTemplate, Values},
    fact::Facts,
    id::ClientId,
    provider::{Account, ClientAuth, EndpointTemplate, OAuth, ProviderFile, ProviderSet, check_config},
    url::Endpoint,
};
use keyferry_proxy::{Proxy, ProxyConfig};
use keyferry_sandbox::stand_in::{Cast, Client, Demands, Endpoints, StandIn};
use reqwest::redirect::Policy;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Play, ReplayError, recorded::Recorded};

/// The client that is registered at the stand-in.
const CLIENT_ID: &str = "test-client";
const CLIENT_SECRET: &str = "test-secret";

/// The proxy's address as the world would know it, for services that answer there.
pub(super) const PUBLIC_URL: &str = "https://proxy.example";

/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Parameters whose values tell nothing but how a client is configured.
const PLAIN: [&str; 9] = [
    "response_type",
    "response_mode",
    "client_id",
    "redirect_uri",
    "scope",
    "code_challenge_method",
    "grant_type",
    "token_type_hint",
    "client_assertion_type",
];

/// A scene. The fields that hold the file are the relocated one's.
pub(super) struct Scene {
    pub(super) file: ProviderFile,
    pub(super) oauth: OAuth,
    /// The flow as it was written: a response is judged by the service's own host.
    pub(super) written: OAuth,
    pub(super) client_id: ClientId,
    /// What the person was asked for, checked and complete.
    pub(super) config: Facts,
    pub(super) demands: Demands,
    pub(super) recorded: Recorded,
    pub(super) stand_in: StandIn,
    /// The app's way to the proxy.
    pub(super) proxy: ProxyClient,
    pub(super) proxy_url: String,
    pub(super) http: reqwest::Client,
    server: JoinHandle<()>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

impl Scene {
    pub(super) async fn set(play: Play<'_>) -> Result<Self, ReplayError> {
        let Play { file, recording, config: mut given } = play;
        let written = file.oauth().ok_or(ReplayError::NoFlow)?;
        for (name, value) in &recording.demands.config {
            given.entry(name.parse()?).or_insert_with(|| value.clone());
        }
        let config = check_config(&file.config, &given)?;
        let client_id: ClientId = CLIENT_ID.parse()?;
        let endpoints = endpoints(written, &config, &client_id)?;
        let cast = Cast {
            client: Client { id: CLIENT_ID.to_owned(), secret: CLIENT_SECRET.to_owned() },
            endpoints,
            plain: plain(written, file.account.as_ref()),
        };
        let (demands, recorded) = (recording.demands.clone(), Recorded::of(&recording));
        let stage = |error: &dyn std::fmt::Display| ReplayError::Stage(error.to_string());
        let stand_in = StandIn::start(recording, cast).await.map_err(|error| stage(&error))?;
        let origin = Endpoint::parse(stand_in.origin()).map_err(|error| stage(&error))?;
        let file = file.relocated(&origin)?;
        let proxy = Proxy::bind(proxy_config(&file)?).await.map_err(|error| stage(&error))?;
        let proxy_url = format!("http://{}", proxy.address());
        let base = Endpoint::parse(&proxy_url).map_err(|error| stage(&error))?;
        let client = ProxyClient::new(base, None).map_err(|error| stage(&error))?;
        let stop = CancellationToken::new();
        let server = tokio::spawn(proxy.serve(stop.clone().cancelled_owned()));
        let http = reqwest::Client::builder().redirect(Policy::none()).no_proxy().tls_certs_only([]);
        let http = http.timeout(PATIENCE).user_agent("keyferry").build().map_err(|error| stage(&error))?;
        Ok(Self {
            written: written.clone(),
            oauth: file.oauth().ok_or(ReplayError::NoFlow)?.clone(),
            file,
            client_id,
            config,
            demands,
            recorded,
            stand_in,
            proxy: client,
            proxy_url,
            http,
            server,
            _stop_on_drop: stop.clone().drop_guard(),
            stop,
        })
    }

    /// Takes the scene down.
    pub(super) async fn strike(self) {
        self.stop.cancel();
        self.stand_in.shutdown().await;
        // It has nothing under way any more; a failure of its task was logged where it came up.
        let _ = self.server.await;
    }
}

/// Where the service has its endpoints, as `HOST/PATH`.
fn endpoints(oauth: &OAuth, config: &Facts, client_id: &ClientId) -> Result<Endpoints, ReplayError> {
    let values = Values { config: Some(config), client_id: Some(client_id), ..Values::default() };
    let place = |endpoint: &EndpointTemplate| {
        let url = endpoint.resolve(&values)?;
        let url = url.as_str().split('?').next().unwrap_or_default();
        Ok::<_, ReplayError>(url.split_once("://").map_or(url, |(_, place)| place).to_owned())
    };
    let token = &oauth.token;
    Ok(Endpoints {
        authorization: place(&oauth.authorization.endpoint)?,
        // A value that the callback brings is not known yet.
        token: place(&token.endpoint).unwrap_or_default(),
        refresh: token.refresh_endpoint.as_ref().and_then(|endpoint| place(endpoint).ok()),
        revocation: oauth.revocation.as_ref().and_then(|revocation| place(&revocation.endpoint).ok()),
    })
}

/// The names of the parameters that the author wrote, and of those that are the same for everybody.
fn plain(oauth: &OAuth, account: Option<&Account>) -> Vec<String> {
    let (authorization, token) = (&oauth.authorization, &oauth.token);
    let revocation = oauth.revocation.iter().map(|revocation| &revocation.params);
    let written = [&authorization.params, &token.params, &token.refresh_params].into_iter().chain(revocation);
    let written = written.flatten().filter(|(_, template)| template.words().all(|word| !word.is_secret()));
    let mut names: Vec<String> = written.map(|(name, _)| name.clone()).collect();
    for name in PLAIN {
        let revocation = oauth.revocation.iter().filter_map(|revocation| revocation.rename.as_ref());
        let renames = [&authorization.rename, &token.rename].into_iter().chain(revocation);
        let renamed = renames.filter_map(|rename| rename.name(name));
        names.extend(renamed.map(str::to_owned));
    }
    names.push(authorization.scope_param.clone());
    if let Some(JsonTemplate::Object(members)) = account.and_then(|account| account.json.as_ref()) {
        let plain = |json: &JsonTemplate| {
            json.templates().iter().all(|template| template.words().all(|word| !word.is_secret()))
        };
        let shown = members.iter().filter(|(_, json)| plain(json));
        names.extend(shown.filter_map(|(name, _)| name.as_text().map(str::to_owned)));
    }
    names
}

/// A proxy on a free port that knows this one provider, with the client that the stand-in knows.
fn proxy_config(file: &ProviderFile) -> Result<ProxyConfig, ReplayError> {
    let method = file.oauth().map(|oauth| oauth.token.client_auth);
    let mut variables = BTreeMap::new();
    let prefix = file.name.env_prefix();
    for required in &file.requires {
        variables.insert(required.as_str().to_owned(), "test-value".to_owned());
    }
    variables.insert(format!("{prefix}_CLIENT_ID"), CLIENT_ID.to_owned());
    match method {
        Some(ClientAuth::PrivateKeyJwt) => {
            let key = rcgen::KeyPair::generate().map_err(|error| ReplayError::Stage(error.to_string()))?;
            variables.insert(format!("{prefix}_PRIVATE_KEY"), key.serialize_pem());
        }
        Some(ClientAuth::None) | None => {}
        Some(_) => drop(variables.insert(format!("{prefix}_CLIENT_SECRET"), CLIENT_SECRET.to_owned())),
    }
    let mut set = ProviderSet::default();
    set.insert(file.clone());
    let lookup = |name: &str| variables.get(name).cloned();
    let config = ProxyConfig::from_environment(Arc::new(set), lookup);
    let mut config = config.map_err(|error| ReplayError::Stage(error.to_string()))?;
    if let Some(problem) = config.credentials.problems().first() {
        return Err(ReplayError::Stage(problem.to_string()));
    }
    config.listen.address = (Ipv4Addr::LOCALHOST, 0).into();
    config.listen.public_url = Endpoint::parse(PUBLIC_URL).ok();
    Ok(config)
}
