//! Which manifests this app can install, and why not the others.

use keyferry_core::{
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
    let known = oauth.provider().is_some_and(|provider| providers.set().get(provider).is_some());
    if oauth.is_required() && !known {
        return Some(unknown_provider(oauth, providers));
    }
    let browser_only = manifest.sign_in.browser.as_ref().is_some_and(|browser| browser.required);
    if browser_only && !known {
        let message = "it needs a sign-in without OAuth, and this app can't do that yet";
        return Some(Problem::new("browser_sign_in_unsupported", message));
    }
    None
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
    let name = oauth.provider().map(ToString::to_string).unwrap_or_default();
    let message = format!("it signs in at the provider `{name}`, and there is no provider file of that name");
    let hint = match providers.set().nearest(&name) {
        Some(nearest) => format!("did the manifest mean `{nearest}`?"),
        None => format!("add a provider file `{name}.toml`; `keyferry provider list` shows those there are"),
    };
    Problem::new("unknown_provider", message).with_hint(hint)
}
