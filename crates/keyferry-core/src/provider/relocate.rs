//! A provider file whose endpoints are all played by one server, for a replay of recorded replies.

use std::sync::Arc;

use super::{
    EndpointTemplate, InvalidEndpoint, ProviderFile,
    file::{OAuth, SignIn},
};
use crate::url::Endpoint;

impl EndpointTemplate {
    /// The endpoint as a part of another origin: `https://HOST/PATH` becomes `{origin}/HOST/PATH`. A value that stood in the host then
    /// stands in the path.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] when the result is too long.
    pub fn relocated(&self, origin: &Endpoint) -> Result<Self, InvalidEndpoint> {
        let text = self.as_str();
        let below = text.split_once("://").map_or(text, |(_, below)| below);
        Self::parse(&format!("{}/{below}", origin.as_str().trim_end_matches('/')))
    }
}

impl ProviderFile {
    /// The same provider, with each endpoint below `origin`. Whatever else the file says stays as it is, the issuer too.
    ///
    /// # Errors
    /// [`InvalidEndpoint`] when an endpoint gets too long.
    pub fn relocated(&self, origin: &Endpoint) -> Result<Self, InvalidEndpoint> {
        let mut file = self.clone();
        if let SignIn::OAuth(oauth) = &mut file.sign_in {
            relocate(Arc::make_mut(oauth), origin)?;
        }
        let request = file.account.as_mut().and_then(|account| account.request.as_mut());
        if let Some(request) = request {
            *request = request.relocated(origin)?;
        }
        Ok(file)
    }
}

fn relocate(oauth: &mut OAuth, origin: &Endpoint) -> Result<(), InvalidEndpoint> {
    let refresh = oauth.token.refresh_endpoint.as_mut();
    let revocation = oauth.revocation.as_mut().map(|revocation| &mut revocation.endpoint);
    let endpoints =
        [Some(&mut oauth.authorization.endpoint), Some(&mut oauth.token.endpoint), refresh, revocation];
    for endpoint in endpoints.into_iter().flatten() {
        *endpoint = endpoint.relocated(origin)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{delivery::Values, fact::Facts, provider::ProviderSet, secret::SecretText};

    fn origin() -> Endpoint {
        Endpoint::parse("http://127.0.0.1:4000").unwrap()
    }

    fn relocated(text: &str) -> EndpointTemplate {
        EndpointTemplate::parse(text).unwrap().relocated(&origin()).unwrap()
    }

    #[test]
    fn an_endpoint_keeps_its_host_as_the_first_step_of_its_path() {
        for (text, expected) in [
            ("https://a.example/oauth/token", "http://127.0.0.1:4000/a.example/oauth/token"),
            ("https://a.example", "http://127.0.0.1:4000/a.example"),
            ("https://a.example/token?keep=1", "http://127.0.0.1:4000/a.example/token?keep=1"),
            ("http://127.0.0.1:7668/token", "http://127.0.0.1:4000/127.0.0.1:7668/token"),
        ] {
            assert_eq!(relocated(text).as_str(), expected);
            assert!(relocated(text).fixed().is_some(), "{text}");
        }
        let slash = Endpoint::parse("http://127.0.0.1:4000/").unwrap();
        let template = EndpointTemplate::parse("https://a.example/t").unwrap();
        assert_eq!(template.relocated(&slash).unwrap().as_str(), "http://127.0.0.1:4000/a.example/t");
        let long = EndpointTemplate::parse(&format!("https://a.example/{}", "x".repeat(1_975))).unwrap();
        assert!(long.relocated(&origin()).is_err());
    }

    #[test]
    fn a_value_of_the_host_stands_in_the_path_then() {
        let template = relocated("https://{config.x}.a.example/{config.x}/token");
        let config: Facts = [("x".parse().unwrap(), SecretText::new("acme").unwrap())].into_iter().collect();
        let values = Values { config: Some(&config), ..Values::default() };
        let url = template.resolve(&values).unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:4000/acme.a.example/acme/token");
        assert!(template.host_names().is_empty());
        assert!(template.host_rule(|_| None).allows("127.0.0.1"));
    }

    #[test]
    fn a_file_keeps_everything_but_its_endpoints() {
        let text = r#"
display_name = "Acme"
[authorization]
endpoint = "https://{config.team}.acme.example/authorize"
issuer = "https://acme.example"
[token]
endpoint = "https://acme.example/token"
refresh_endpoint = "https://acme.example/refresh"
[revocation]
endpoint = "https://acme.example/revoke"
[account]
request = "https://api.acme.example/me"
label = "/email"
[config.team]
title = "Team"
pattern = "[a-z]+"
"#;
        let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", text).unwrap().file;
        let moved = file.relocated(&origin()).unwrap();
        let oauth = moved.oauth().unwrap();
        let at = |endpoint: &EndpointTemplate| endpoint.as_str().to_owned();
        assert_eq!(
            [
                at(&oauth.authorization.endpoint),
                at(&oauth.token.endpoint),
                at(oauth.token.refresh_endpoint.as_ref().unwrap()),
                at(&oauth.revocation.as_ref().unwrap().endpoint),
                at(moved.account.as_ref().unwrap().request.as_ref().unwrap()),
            ],
            [
                "http://127.0.0.1:4000/{config.team}.acme.example/authorize",
                "http://127.0.0.1:4000/acme.example/token",
                "http://127.0.0.1:4000/acme.example/refresh",
                "http://127.0.0.1:4000/acme.example/revoke",
                "http://127.0.0.1:4000/api.acme.example/me",
            ]
        );
        assert_eq!(oauth.authorization.issuer, file.oauth().unwrap().authorization.issuer);
        assert_eq!((&moved.source, &moved.env), (&file.source, &file.env));
    }

    #[test]
    fn every_built_in_provider_can_be_relocated() {
        for file in ProviderSet::builtin().unwrap().iter() {
            file.relocated(&origin()).unwrap_or_else(|error| panic!("{}: {error}", file.name));
        }
    }
}
