//! Which manifests this app can install, and why not the others.

use keyferry_core::{
    id::ProviderName,
    manifest::{Manifest, OauthSignIn, Server, Template, escaped},
    url::{Endpoint, InvalidUrl},
};

use crate::{api::dto::Problem, providers::Snapshot};

/// Why a server can't be installed; nothing when it can.
pub(crate) fn not_installable(manifest: &Manifest, providers: &Snapshot) -> Option<Problem> {
    match &manifest.server {
        Server::Remote(_) if manifest.sign_in.oauth == OauthSignIn::Discovery => return Some(by_discovery()),
        Server::Remote(remote) if is_insecure(&remote.url) => return Some(insecure(remote.url.as_str())),
        Server::Remote(_) => {}
        Server::Local(_) => {}
    }
    let oauth = &manifest.sign_in.oauth;
    let is_known = |provider: &ProviderName| providers.set().get(provider).is_some();
    let window = manifest.sign_in.browser_provider();
    // Two ways to the same account: one of them is enough.
    if oauth.provider().is_some_and(is_known) || window.as_ref().is_some_and(is_known) {
        return None;
    }
    if oauth.is_required() {
        return Some(unknown_provider(oauth, providers));
    }
    window
        .filter(|_| manifest.sign_in.requires_browser())
        .map(|provider| unknown_window(&provider, providers))
}

fn by_discovery() -> Problem {
    let message = "it runs elsewhere and signs in by discovery (RFC 9728), which this app can't do yet";
    let hint =
        "a server of the same service that runs here, with a provider of its own, can be installed today";
    Problem::new("discovery_unsupported", message).with_hint(hint)
}

/// A URL with a setting in it is known only once that is filled.
fn is_insecure(url: &Template) -> bool {
    url.settings().next().is_none() && Endpoint::parse(url.as_str()) == Err(InvalidUrl::Insecure)
}

fn insecure(url: &str) -> Problem {
    let message = format!("it runs elsewhere and is reached without encryption ({})", escaped(url));
    Problem::new("insecure_remote", message).with_hint("ask its author for an https URL")
}

/// A provider that no file describes. The hint names the closest one: most often the name is a slip.
pub(crate) fn unknown_provider(oauth: &OauthSignIn, providers: &Snapshot) -> Problem {
    unknown(&oauth.provider().map(ToString::to_string).unwrap_or_default(), providers)
}

/// The same of a sign-in in a window.
pub(crate) fn unknown_window(provider: &ProviderName, providers: &Snapshot) -> Problem {
    unknown(provider.as_str(), providers)
}

fn unknown(name: &str, providers: &Snapshot) -> Problem {
    let message = format!("it signs in at the provider `{name}`, and there is no provider file of that name");
    let hint = match providers.set().nearest(name) {
        Some(nearest) => format!("did the manifest mean `{nearest}`?"),
        None => format!("add a provider file `{name}.toml`; `keyferry provider list` shows those there are"),
    };
    Problem::new("unknown_provider", message).with_hint(hint)
}
