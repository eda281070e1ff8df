//! Where one provider's requests may go. Its client secret goes nowhere else.

use keyferry_core::{
    provider::{EndpointTemplate, HostPattern, HostRule, OAuth, ProviderFile},
    url::Endpoint,
};

use crate::fault::Fault;

/// The hosts of one provider.
#[derive(Debug)]
pub(crate) struct Destinations {
    /// Hosts that the provider file itself vouches for.
    rules: Vec<HostRule>,
    /// Hosts that the operator listed, for a file in which a person can name any.
    listed: Vec<HostPattern>,
}

impl Destinations {
    /// The destinations of a provider file, with those that the operator listed.
    pub(crate) fn new(file: &ProviderFile, oauth: &OAuth, listed: Vec<HostPattern>) -> Self {
        let token = &oauth.token;
        let endpoints = [
            Some(&token.endpoint),
            token.refresh_endpoint.as_ref(),
            oauth.revocation.as_ref().map(|revocation| &revocation.endpoint),
        ];
        let rule = |endpoint: &EndpointTemplate| match endpoint.host_rule(|name| file.config.get(name)) {
            // The default is the author's own word.
            HostRule::Anywhere => default_host(file, endpoint),
            rule => Some(rule),
        };
        Self { rules: endpoints.into_iter().flatten().filter_map(rule).collect(), listed }
    }

    /// Refuses an endpoint that is none of them.
    pub(crate) fn check(&self, endpoint: &Endpoint) -> Result<(), Fault> {
        let url = endpoint.url();
        let host = url.host_str().unwrap_or_default();
        let known = self.rules.iter().any(|rule| rule.allows(host));
        if known || self.listed.iter().any(|listed| listed.matches(url)) { Ok(()) } else { Err(Fault::Host) }
    }
}

/// The host of an endpoint whose values are all their defaults.
fn default_host(file: &ProviderFile, endpoint: &EndpointTemplate) -> Option<HostRule> {
    let config = keyferry_core::provider::check_config(&file.config, &Default::default()).ok()?;
    let values = keyferry_core::delivery::Values { config: Some(&config), ..Default::default() };
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
        let listed = listed.iter().map(|host| HostPattern::parse(host).unwrap()).collect();
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
}
