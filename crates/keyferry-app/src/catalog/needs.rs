//! What a server needs, and whether this machine has it.

use keyferry_core::manifest::{Local, Manifest, OauthSignIn, Server, Template};

use super::{Entry, not_installable};
use crate::{
    api::dto::{AccountNeed, AccountWay, CatalogNeeds, Here, HereWay, Problem, Runs, RunsWhere, SettingNeed},
    engine::Engine,
    providers::Snapshot,
    runtime::{RuntimeError, process::environment},
};

/// What a manifest says that its server needs.
pub(super) fn needs(manifest: &Manifest, providers: &Snapshot) -> CatalogNeeds {
    let account = account(manifest, providers);
    let settings: Vec<_> = manifest
        .user_config
        .iter()
        .filter(|spec| spec.required && spec.default.is_empty())
        .map(|spec| SettingNeed {
            key: spec.key.to_string(),
            title: spec.label().to_owned(),
            sensitive: spec.sensitive,
        })
        .collect();
    let runs = runs(manifest);
    let in_words = in_words(account.as_ref(), &settings, &runs);
    CatalogNeeds { account, settings, runs, in_words }
}

fn account(manifest: &Manifest, providers: &Snapshot) -> Option<AccountNeed> {
    let (oauth, browser) = (&manifest.sign_in.oauth, manifest.sign_in.browser.as_ref());
    let way = match (oauth, browser) {
        (OauthSignIn::None, None) => return None,
        (OauthSignIn::None, Some(_)) => AccountWay::Browser,
        (OauthSignIn::Discovery, _) => AccountWay::Discovery,
        (OauthSignIn::Provider { .. }, None) => AccountWay::Oauth,
        (OauthSignIn::Provider { .. }, Some(_)) => AccountWay::OauthOrBrowser,
    };
    let provider = oauth.provider().or_else(|| browser.and_then(|browser| browser.provider.as_ref()));
    let file = provider.and_then(|name| providers.set().get(name));
    let needed = oauth.scopes();
    let scopes = match file.and_then(|file| file.oauth()) {
        Some(oauth) => oauth.authorization.scopes.with(&needed),
        None => needed,
    };
    Some(AccountNeed {
        provider: provider.map(ToString::to_string),
        display_name: file.map(|file| file.display_name.clone()),
        known: file.is_some(),
        required: oauth.is_required() || browser.is_some_and(|browser| browser.required),
        way,
        scopes: scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
    })
}

fn runs(manifest: &Manifest) -> Runs {
    match &manifest.server {
        Server::Remote(remote) => Runs {
            place: RunsWhere::Elsewhere,
            program: None,
            image: None,
            url: Some(remote.url.as_str().to_owned()),
        },
        Server::Local(local) => Runs {
            place: match (&local.command, local.is_this_program(), local.is_containable()) {
                (None, _, _) => RunsWhere::Container,
                (Some(_), true, _) => RunsWhere::Keyferry,
                (Some(_), false, true) if is_engine(local) => RunsWhere::Container,
                (Some(_), false, true) => RunsWhere::ContainerOrProcess,
                (Some(_), false, false) => RunsWhere::Process,
            },
            program: local.command.as_ref().map(|command| command.as_str().to_owned()),
            image: local.docker_image.clone(),
            url: None,
        },
    }
}

/// Whether its command is a container engine's own.
fn is_engine(local: &Local) -> bool {
    local.command.as_ref().is_some_and(|command| matches!(command.as_str(), "docker" | "podman"))
}

fn in_words(account: Option<&AccountNeed>, settings: &[SettingNeed], runs: &Runs) -> Vec<String> {
    let mut words = Vec::new();
    if let Some(account) = account {
        let name = account.display_name.as_deref().or(account.provider.as_deref());
        let optional = if account.required { "" } else { ", if you want" };
        words.push(match (account.way, name) {
            (AccountWay::Discovery, _) => "an account, where its own service says".to_owned(),
            (_, Some(name)) => format!("an account at {name}{optional}"),
            (_, None) => format!("an account{optional}"),
        });
    }
    match settings {
        [] => {}
        [one] => words.push(one.title.clone()),
        several => words.push(format!("{} settings", several.len())),
    }
    match runs.place {
        RunsWhere::Container => words.push("Podman or Docker".to_owned()),
        RunsWhere::Process => words.extend(runs.program.clone()),
        RunsWhere::Elsewhere => words.push("the internet".to_owned()),
        RunsWhere::ContainerOrProcess | RunsWhere::Keyferry => {}
    }
    words
}

/// In which ways a server can work on this machine as it is, and why not in the others. Looks for a program and for an engine.
pub(crate) async fn here(engine: &Engine, entry: &Entry) -> Vec<Here> {
    let problem = not_installable(&entry.manifest, &engine.providers.now());
    let local = match &entry.manifest.server {
        Server::Remote(_) => {
            return vec![Here { way: HereWay::Elsewhere, works: problem.is_none(), problem }];
        }
        Server::Local(local) => local,
    };
    if problem.is_some() {
        let way = if local.command.is_some() { HereWay::Process } else { HereWay::Container };
        return vec![Here { way, works: false, problem }];
    }
    let refused = refused_variable(&entry.manifest, local).map(|error| Problem::from(&error));
    let mut ways = Vec::new();
    if local.is_containable() && !local.is_this_program() {
        let engine = engine.containers.facts().await.err().map(|error| Problem::from(&error));
        let problem = refused.clone().or(engine);
        ways.push(Here { way: HereWay::Container, works: problem.is_none(), problem });
    }
    if let Some(command) = &local.command {
        let program = program_of(engine, entry, command.as_str()).err().map(|error| Problem::from(&error));
        let problem = refused.or(program);
        ways.push(Here { way: HereWay::Process, works: problem.is_none(), problem });
    }
    ways
}

/// A variable that no server is given, for it would run other code than its command. One that is nothing but a setting which need not
/// be given is left out with it.
fn refused_variable(manifest: &Manifest, local: &Local) -> Option<RuntimeError> {
    let can_be_left_out = |value: &Template| {
        let spec = value.settings().next().and_then(|key| manifest.user_config.get(key.as_str()));
        spec.is_some_and(|spec| {
            let only = format!("${{user_config.{}}}", spec.key);
            !spec.required && spec.default.is_empty() && value.as_str() == only
        })
    };
    let named = local.env.iter().filter(|(_, value)| !can_be_left_out(value));
    named.map(|(name, _)| name).find_map(|name| environment::refused(name))
}

/// The file of a command. One with a setting or a place in its name is known only once that is filled.
fn program_of(engine: &Engine, entry: &Entry, command: &str) -> Result<(), RuntimeError> {
    if command.contains("${") {
        return Ok(());
    }
    engine.servers.look_for(command, entry.folder.as_deref().unwrap_or_else(|| engine.folder.path()))
}
