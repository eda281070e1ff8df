//! Services that give no refresh token unless they are asked for one in their own way.

use super::{
    endpoint::EndpointTemplate,
    file::{Authorization, OAuth},
    host::HostRule,
};

/// How one service is asked for a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfflineAccess {
    domain: &'static str,
    asks: Asks,
}

/// What asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// One of these scopes; the first is the usual one.
    Scope(&'static [&'static str]),
    /// Authorization parameters. The first is what asks; the others belong to it.
    Params(&'static [(&'static str, &'static str)]),
}

use Asks::{Params, Scope};

/// By the domain of the authorization endpoint, or one above it.
const SERVICES: [(&str, Asks); 13] = [
    ("accounts.google.com", Params(&[("access_type", "offline"), ("prompt", "consent")])),
    ("auth.atlassian.com", Scope(&["offline_access"])),
    ("login.microsoftonline.com", Scope(&["offline_access"])),
    ("dropbox.com", Params(&[("token_access_type", "offline")])),
    ("reddit.com", Params(&[("duration", "permanent")])),
    ("zoho.com", Params(&[("access_type", "offline"), ("prompt", "consent")])),
    ("x.com", Scope(&["offline.access"])),
    ("xero.com", Scope(&["offline_access"])),
    ("salesforce.com", Scope(&["refresh_token", "offline_access", "full"])),
    ("okta.com", Scope(&["offline_access"])),
    ("auth0.com", Scope(&["offline_access"])),
    ("adobelogin.com", Scope(&["offline_access"])),
    ("snowflakecomputing.com", Scope(&["refresh_token"])),
];

impl OfflineAccess {
    /// What the service at an authorization endpoint wants, where it is one of these.
    #[must_use]
    pub fn of(endpoint: &EndpointTemplate, rule: &HostRule) -> Option<Self> {
        let fixed = endpoint.fixed().and_then(|endpoint| endpoint.url().host_str());
        let hosts: Vec<&str> = match (fixed, rule) {
            (Some(host), _) => vec![host],
            (None, HostRule::Within(hosts)) => hosts.iter().map(String::as_str).collect(),
            (None, HostRule::Anywhere) => Vec::new(),
        };
        let below = |host: &str, domain: &str| {
            host.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let found = SERVICES.iter().find(|(domain, _)| hosts.iter().any(|host| below(host, domain)));
        found.map(|&(domain, asks)| Self { domain, asks })
    }

    /// What asks for it.
    #[must_use]
    pub const fn asks(self) -> Asks {
        self.asks
    }

    /// Whether a file asks. One whose tokens are not refreshed need not.
    pub(super) fn is_asked(self, oauth: &OAuth) -> bool {
        !oauth.token.refresh || self.stands_in(&oauth.authorization)
    }

    fn stands_in(self, authorization: &Authorization) -> bool {
        match self.asks {
            Scope(names) => authorization.scopes.iter().any(|scope| names.contains(&scope.as_str())),
            Params(params) => params.first().is_some_and(|(name, value)| {
                authorization.params.iter().any(|(known, template)| known == name && template.is_text(value))
            }),
        }
    }

    /// What to write, for a person.
    #[must_use]
    pub fn hint(self) -> String {
        match self.asks {
            Scope(names) => format!("add \"{}\" to scopes", names.first().copied().unwrap_or_default()),
            Params(params) => {
                let pairs: Vec<_> =
                    params.iter().map(|(name, value)| format!("{name} = \"{value}\"")).collect();
                format!("params = {{ {} }}", pairs.join(", "))
            }
        }
    }
}
