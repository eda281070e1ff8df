//! Where one provider's requests may go, and its client secret with them.
//!
//! A person may name a host where a provider file lets them. Their word decides nothing by itself: a host must be one that the file
//! vouches for, or one that whoever runs the proxy listed.

use super::{
    browser::HostPattern,
    config::check_config,
    endpoint::{EndpointTemplate, is_host_name},
    file::{OAuth, ProviderFile},
    host::HostRule,
};
use crate::{delivery::Values, url::Endpoint};

/// The hosts of one provider.
#[derive(Debug)]
pub struct Destinations {
    /// Hosts that the provider file itself vouches for.
    rules: Vec<HostRule>,
    /// Those of them in which no value stands.
    fixed: Vec<HostRule>,
    /// Hosts that the operator listed, for a file in which a person can name any.
    listed: Vec<HostPattern>,
    open: bool,
}

/// Why nothing is sent to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedHost {
    /// A person can name any host, and the operator did not list this one.
    NotListed,
    /// It is a name of the own network, such as `git.local`, which the operator would have to list to the letter.
    OwnNetwork,
}

impl Destinations {
    /// The destinations of a provider file, with those that the operator listed.
    #[must_use]
    pub fn new(file: &ProviderFile, oauth: &OAuth, listed: Vec<HostPattern>) -> Self {
        let token = &oauth.token;
        let endpoints = [
            Some(&token.endpoint),
            token.refresh_endpoint.as_ref(),
            oauth.revocation.as_ref().map(|revocation| &revocation.endpoint),
        ];
        let mut open = false;
        let (mut rules, mut fixed) = (Vec::new(), Vec::new());
        for endpoint in endpoints.into_iter().flatten() {
            match endpoint.host_rule(|name| file.config.get(name)) {
                HostRule::Anywhere => {
                    open = true;
                    // The default is the author's own word.
                    rules.extend(default_host(file, endpoint));
                }
                rule if endpoint.host_names().is_empty() => fixed.push(rule),
                rule => rules.push(rule),
            }
        }
        Self { rules, fixed, listed, open }
    }

    /// Refuses an endpoint with a person's values in it that is at none of them.
    ///
    /// # Errors
    /// [`RefusedHost`].
    pub fn check(&self, endpoint: &Endpoint) -> Result<(), RefusedHost> {
        let url = endpoint.url();
        let host = url.host_str().unwrap_or_default();
        let listed = self.listed.iter().any(|listed| listed.matches(url));
        let known = |rules: &[HostRule]| rules.iter().any(|rule| rule.allows(host));
        match is_host_name(host) {
            _ if listed || known(&self.fixed) => Ok(()),
            // What a value makes of a name can lead into the network that the proxy stands in, whatever the file says of it.
            false => Err(RefusedHost::OwnNetwork),
            true if known(&self.rules) => Ok(()),
            true => Err(RefusedHost::NotListed),
        }
    }

    /// Whether a person can name any host, so that the operator's list decides.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The hosts that the operator listed.
    #[must_use]
    pub fn listed(&self) -> &[HostPattern] {
        &self.listed
    }
}

/// The host of an endpoint whose values are all their defaults.
fn default_host(file: &ProviderFile, endpoint: &EndpointTemplate) -> Option<HostRule> {
    let config = check_config(&file.config, &Default::default()).ok()?;
    let values = Values { config: Some(&config), ..Default::default() };
    let endpoint = endpoint.resolve(&values).ok()?;
    Some(HostRule::Within(vec![endpoint.url().host_str()?.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn destinations(token: &str, pattern: &str, listed: &[&str]) -> Destinations {
        let text = format!(
            "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"{token}\"\n\
             [revocation]\nendpoint = \"https://api.a.example/revoke\"\n[config.host]\npattern = '{pattern}'\ndefault = \"git.a.example\"\n"
        );
        let file = ProviderFile::parse("acme".parse().unwrap(), "x", &text).unwrap().file;
        let listed = listed.iter().map(|host| HostPattern::listed(host).unwrap()).collect();
        Destinations::new(&file, file.oauth().unwrap(), listed)
    }

    fn allowed(destinations: &Destinations, url: &str) -> bool {
        destinations.check(&Endpoint::parse(url).unwrap()).is_ok()
    }

    #[test]
    fn a_secret_goes_to_the_hosts_of_its_own_provider_alone() {
        let fixed = destinations("https://a.example/token", ".+", &[]);
        for (url, expected) in [
            ("https://a.example/token", true),
            ("https://api.a.example/revoke", true),
            ("https://b.example/token", false),
            ("https://a.example.evil.test/", false),
            ("https://xa.example/", false),
        ] {
            assert_eq!(allowed(&fixed, url), expected, "{url}");
        }
    }

    #[test]
    fn a_value_in_the_path_leaves_the_host_to_the_file() {
        let own = destinations("http://127.0.0.1:1/{config.host}/token", "[a-z.]+", &[]);
        assert!(allowed(&own, "http://127.0.0.1:1/x/token") && !allowed(&own, "http://127.0.0.2:1/x/token"));
    }

    #[test]
    fn a_host_that_a_person_names_must_be_listed_unless_it_is_the_default() {
        let open =
            destinations("https://{config.host}/token", "[a-z.]+", &["git.corp.example", "*.team.example"]);
        for (url, expected) in [
            ("https://git.a.example/token", true),
            ("https://git.corp.example/token", true),
            ("https://x.team.example/token", true),
            ("https://team.example/token", false),
            ("https://evil.test/token", false),
            ("https://git.corp.example:8443/token", false),
        ] {
            assert_eq!(allowed(&open, url), expected, "{url}");
        }
        let bounded = destinations("https://{config.host}/token", r"[a-z]+\.a\.example", &[]);
        assert!(allowed(&bounded, "https://x.a.example/token"));
        assert!(!allowed(&bounded, "https://evil.test/token"));
    }

    #[test]
    fn a_name_of_the_own_network_must_be_listed_to_the_letter() {
        let check = |pattern: &str, listed: &[&str], url: &str| {
            destinations("https://{config.host}/token", pattern, listed).check(&Endpoint::parse(url).unwrap())
        };
        let own = ["localhost", "a.localhost", "printer.local", "db.internal", "router.lan", "intranet"];
        for host in own {
            let url = format!("https://{host}/token");
            assert_eq!(check("[a-z.]+", &["*.b.example"], &url), Err(RefusedHost::OwnNetwork), "{host}");
            assert_eq!(check("[a-z.]+", &[host], &url), Ok(()), "{host}");
        }
        let (bounded, url) = (r"[a-z]+\.(?:corp\.local|a\.example)", "https://git.corp.local/token");
        assert_eq!(check(bounded, &[], url), Err(RefusedHost::OwnNetwork));
        assert_eq!(check(bounded, &["git.corp.local"], url), Ok(()));
        for none in ["*.local", "127.0.0.1", "10.0.0.1", "1.0.0.127.in-addr.arpa", "localhost:8443", "0x7f.1"]
        {
            assert!(HostPattern::listed(none).is_none(), "{none}");
        }
    }
}
