//! The clients that the proxy is registered as, one a provider.

use std::{collections::BTreeMap, sync::Arc};

use keyferry_core::{
    flow::client::{ClientCredentials, SignAssertion},
    id::{ClientId, ProviderName},
    provider::{ClientAuth, HostPattern, ProviderFile, ProviderSet},
    secret::ClientSecret,
    url::Endpoint,
};

use super::{CredentialProblem, private_key::PrivateKey, source};

/// Client ids and secrets by provider. A provider that is not in here is known, but can't be used.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    clients: BTreeMap<ProviderName, ClientCredentials>,
    previous_secrets: BTreeMap<ProviderName, ClientSecret>,
    allowed_hosts: BTreeMap<ProviderName, Vec<HostPattern>>,
    redirect_uris: BTreeMap<ProviderName, Vec<String>>,
    problems: Arc<Vec<CredentialProblem>>,
}

// === impl Credentials ===

impl Credentials {
    /// Reads `{PROVIDER}_CLIENT_ID` and `{PROVIDER}_CLIENT_SECRET` (or `…_SECRET_FILE`) of every provider: its name in upper case
    /// with `-` as `_`. A provider file's own `client_id` serves where no variable names one.
    #[must_use]
    pub fn from_environment(providers: &ProviderSet, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let (mut problems, mut previous_secrets) = (Vec::new(), BTreeMap::new());
        let (mut allowed_hosts, mut redirect_uris) = (BTreeMap::new(), BTreeMap::new());
        for file in providers.iter() {
            match client_secret(&file.name, &previous_variable(&file.name), &lookup, &mut problems) {
                Ok(secret) => drop(secret.map(|secret| previous_secrets.insert(file.name.clone(), secret))),
                Err(problem) => problems.push(problem),
            }
            match redirects(&file.name, &lookup) {
                Ok(uris) if uris.is_empty() => {}
                Ok(uris) => drop(redirect_uris.insert(file.name.clone(), uris)),
                Err(problem) => problems.push(problem),
            }
            match hosts(&file.name, &lookup) {
                Ok(hosts) if hosts.is_empty() => {}
                Ok(hosts) => drop(allowed_hosts.insert(file.name.clone(), hosts)),
                Err(problem) => problems.push(problem),
            }
        }
        let read = |file: &ProviderFile| {
            let client = client(file, &lookup, &mut problems);
            let client = client.unwrap_or_else(|problem| {
                problems.push(problem);
                None
            })?;
            Some((file.name.clone(), client))
        };
        let clients = providers.iter().map(|file| &**file).filter_map(read).collect();
        Self { clients, previous_secrets, allowed_hosts, redirect_uris, problems: Arc::new(problems) }
    }

    /// Adds a provider's client.
    pub fn insert(&mut self, provider: ProviderName, client: ClientCredentials) {
        self.clients.insert(provider, client);
    }

    /// A provider's client.
    #[must_use]
    pub fn get(&self, provider: &ProviderName) -> Option<&ClientCredentials> {
        self.clients.get(provider)
    }

    /// All clients.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&ProviderName, &ClientCredentials)> {
        self.clients.iter()
    }

    /// Keeps the secret that a provider's client had before, for refresh tokens that were sealed under it.
    pub fn insert_previous_secret(&mut self, provider: ProviderName, secret: ClientSecret) {
        self.previous_secrets.insert(provider, secret);
    }

    /// The secret that a provider's client had before.
    #[must_use]
    pub fn previous_secret(&self, provider: &ProviderName) -> Option<&ClientSecret> {
        self.previous_secrets.get(provider)
    }

    /// Lets a provider's secret go to a host that its file does not vouch for.
    pub fn allow_host(&mut self, provider: ProviderName, host: HostPattern) {
        self.allowed_hosts.entry(provider).or_default().push(host);
    }

    /// The hosts beyond those that a provider's file vouches for.
    #[must_use]
    pub fn allowed_hosts(&self, provider: &ProviderName) -> &[HostPattern] {
        self.allowed_hosts.get(provider).map_or(&[], Vec::as_slice)
    }

    /// Accepts a redirect URI of a provider's sign-ins, to the letter, beside Keyferry's own.
    pub fn allow_redirect_uri(&mut self, provider: ProviderName, uri: String) {
        self.redirect_uris.entry(provider).or_default().push(uri);
    }

    /// The redirect URIs beside Keyferry's own.
    #[must_use]
    pub fn redirect_uris(&self, provider: &ProviderName) -> &[String] {
        self.redirect_uris.get(provider).map_or(&[], Vec::as_slice)
    }

    /// What is wrong with what was set.
    #[must_use]
    pub fn problems(&self) -> &[CredentialProblem] {
        &self.problems
    }
}

/// The names of a provider's two variables.
pub(crate) fn variables(provider: &ProviderName) -> (String, String) {
    let prefix = provider.env_prefix();
    (format!("{prefix}_CLIENT_ID"), format!("{prefix}_CLIENT_SECRET"))
}

/// The name of the variable of the secret before.
pub(crate) fn previous_variable(provider: &ProviderName) -> String {
    format!("{}_PREVIOUS_CLIENT_SECRET", provider.env_prefix())
}

/// One provider's client; none when nothing was set for it.
fn client(
    file: &ProviderFile,
    lookup: &impl Fn(&str) -> Option<String>,
    problems: &mut Vec<CredentialProblem>,
) -> Result<Option<ClientCredentials>, CredentialProblem> {
    let Some(oauth) = file.oauth() else { return Ok(None) };
    let (provider, (id, secret)) = (file.name.clone(), variables(&file.name));
    let own_id = client_id(&provider, &id, lookup)?;
    let client_secret = client_secret(&provider, &secret, lookup, problems)?;
    let given = [
        (&id, own_id.as_ref().map(ClientId::as_str)),
        (&secret, client_secret.as_ref().map(ClientSecret::expose_secret)),
    ];
    for (variable, _) in given.iter().filter(|(_, text)| text.is_some_and(is_example)) {
        problems.push(CredentialProblem::Placeholder {
            provider: provider.clone(),
            variable: (*variable).clone(),
        });
    }
    let signer = signer(&provider, lookup, problems)?;
    let method = oauth.token.client_auth;
    let has_own_id = own_id.is_some();
    if has_own_id {
        let missing = file.requires.iter().find(|name| !is_set(lookup, name.as_str()));
        if let Some(variable) = missing {
            return Err(CredentialProblem::Required { provider, variable: variable.as_str().to_owned() });
        }
    }
    match (own_id.or_else(|| file.client_id.clone()), client_secret) {
        (Some(client_id), client_secret) if method == ClientAuth::PrivateKeyJwt => match signer {
            Some(_) => Ok(Some(ClientCredentials { client_id, client_secret, signer })),
            None if has_own_id => {
                Err(CredentialProblem::SecretMissing { secret: key_variable(&provider), provider, id })
            }
            None => Ok(None),
        },
        (Some(client_id), client_secret) if method == ClientAuth::None || client_secret.is_some() => {
            Ok(Some(ClientCredentials { client_id, client_secret, signer }))
        }
        (Some(_), None) if has_own_id => Err(CredentialProblem::SecretMissing { provider, id, secret }),
        (None, Some(_)) => Err(CredentialProblem::IdMissing { provider, id, secret }),
        _ => Ok(None),
    }
}

/// Whether a value is one that documentation has in the real one's place.
fn is_example(text: &str) -> bool {
    let text = text.to_ascii_lowercase().replace('_', "-");
    let framed = text.starts_with('<') && text.ends_with('>');
    framed
        || text.starts_with("your-")
        || ["changeme", "change-me", "client-id", "client-secret", "xxx"].contains(&&*text)
}

fn is_set(lookup: &impl Fn(&str) -> Option<String>, variable: &str) -> bool {
    let set = |name: &str| lookup(name).is_some_and(|text| !text.is_empty());
    set(variable) || set(&format!("{variable}_FILE"))
}

fn key_variable(provider: &ProviderName) -> String {
    format!("{}_PRIVATE_KEY", provider.env_prefix())
}

/// What signs assertions, from `{PROVIDER}_PRIVATE_KEY_FILE` or `{PROVIDER}_PRIVATE_KEY`, and `{PROVIDER}_PRIVATE_KEY_ID`.
fn signer(
    provider: &ProviderName,
    lookup: &impl Fn(&str) -> Option<String>,
    problems: &mut Vec<CredentialProblem>,
) -> Result<Option<Arc<dyn SignAssertion>>, CredentialProblem> {
    let variable = key_variable(provider);
    let found = source::secret(lookup, &variable)
        .map_err(|error| CredentialProblem::Source { provider: provider.clone(), error })?;
    let Some(found) = found else { return Ok(None) };
    if let Some(path) = found.readable_by_all {
        problems.push(CredentialProblem::ReadableByAll { provider: provider.clone(), path });
    }
    let key_id = lookup(&format!("{variable}_ID")).filter(|text| !text.is_empty());
    match PrivateKey::from_pem(&found.text, key_id) {
        Some(key) => Ok(Some(Arc::new(key))),
        None => Err(CredentialProblem::Invalid {
            provider: provider.clone(),
            variable,
            why: "it is no private key in PEM, for ES256 (P-256) or RS256".to_owned(),
        }),
    }
}

/// `{PROVIDER}_ALLOWED_HOSTS`: hosts, separated by commas, `*.` for all below.
fn hosts(
    provider: &ProviderName,
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Vec<HostPattern>, CredentialProblem> {
    let variable = format!("{}_ALLOWED_HOSTS", provider.env_prefix());
    let Some(text) = lookup(&variable) else { return Ok(Vec::new()) };
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let hosts = names.map(|name| {
        HostPattern::listed(name).ok_or_else(|| CredentialProblem::Invalid {
            provider: provider.clone(),
            variable: variable.clone(),
            why: "it is not a list of hosts such as git.example.com, *.example.com".to_owned(),
        })
    });
    hosts.collect()
}

/// `{PROVIDER}_REDIRECT_URIS`: whole URIs, separated by commas or spaces. There are no patterns: each varies in nothing.
fn redirects(
    provider: &ProviderName,
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Vec<String>, CredentialProblem> {
    let variable = format!("{}_REDIRECT_URIS", provider.env_prefix());
    let Some(text) = lookup(&variable) else { return Ok(Vec::new()) };
    let uris = text.split([',', ' ', '\t', '\r', '\n']).filter(|uri| !uri.is_empty());
    let uris = uris.map(|uri| {
        let url =
            Endpoint::parse(uri).ok().filter(|url| url.url().fragment().is_none() && !uri.contains('*'));
        url.map(|_| uri.to_owned()).ok_or_else(|| CredentialProblem::Invalid {
            provider: provider.clone(),
            variable: variable.clone(),
            why: "it is not a list of redirect URIs such as https://app.example/callback".to_owned(),
        })
    });
    uris.collect()
}

fn client_id(
    provider: &ProviderName,
    variable: &str,
    lookup: &impl Fn(&str) -> Option<String>,
) -> Result<Option<ClientId>, CredentialProblem> {
    let Some(text) = lookup(variable).filter(|text| !text.is_empty()) else { return Ok(None) };
    // The error of the parser would repeat the text, which may be a secret in the wrong variable.
    text.trim().parse().map(Some).map_err(|_| CredentialProblem::Invalid {
        provider: provider.clone(),
        variable: variable.to_owned(),
        why: "it is not 1 to 1024 visible ASCII characters without spaces".to_owned(),
    })
}

fn client_secret(
    provider: &ProviderName,
    variable: &str,
    lookup: &impl Fn(&str) -> Option<String>,
    problems: &mut Vec<CredentialProblem>,
) -> Result<Option<ClientSecret>, CredentialProblem> {
    let found = source::secret(lookup, variable)
        .map_err(|error| CredentialProblem::Source { provider: provider.clone(), error })?;
    let Some(found) = found else { return Ok(None) };
    if let Some(path) = found.readable_by_all {
        problems.push(CredentialProblem::ReadableByAll { provider: provider.clone(), path });
    }
    ClientSecret::new(found.text.expose_secret()).map(Some).map_err(|error| CredentialProblem::Invalid {
        provider: provider.clone(),
        variable: variable.to_owned(),
        why: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACME: &str = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"https://a.example/t\"\n";

    fn read(top: &str, token: &str, variables: &[(&str, &str)]) -> Credentials {
        let text = format!("{top}\n{ACME}{token}\n");
        let mut set = ProviderSet::default();
        set.insert(ProviderFile::parse("ac-me".parse().unwrap(), "x", &text).unwrap().file);
        Credentials::from_environment(&set, |name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn shown(credentials: &Credentials) -> (Option<&str>, bool, Vec<String>) {
        let client = credentials.get(&"ac-me".parse().unwrap());
        (
            client.map(|client| client.client_id.as_str()),
            client.is_some_and(|client| client.client_secret.is_some()),
            credentials.problems().iter().map(ToString::to_string).collect(),
        )
    }

    #[test]
    fn a_pair_configures_a_provider_and_half_a_pair_is_a_problem() {
        let (id, secret) = (("AC_ME_CLIENT_ID", "me"), ("AC_ME_CLIENT_SECRET", "s3cret"));
        let missing = |text: &str| vec![text.to_owned()];
        let half =
            "ac-me: AC_ME_CLIENT_ID is set, AC_ME_CLIENT_SECRET is not; set it, or AC_ME_CLIENT_SECRET_FILE";
        let other = "ac-me: AC_ME_CLIENT_SECRET is set, AC_ME_CLIENT_ID is not; set it";
        assert_eq!(shown(&read("", "", &[id, secret])), (Some("me"), true, vec![]));
        assert_eq!(shown(&read("", "", &[])), (None, false, vec![]));
        assert_eq!(shown(&read("", "", &[id])), (None, false, missing(half)));
        assert_eq!(shown(&read("", "", &[secret])), (None, false, missing(other)));
    }

    #[test]
    fn a_value_of_an_example_is_told() {
        for (id, secret, count) in [
            ("your-client-id", "s3cret", 1),
            ("your-client-id", "YOUR_SECRET", 2),
            ("<id>", "s", 1),
            ("me", "s", 0),
        ] {
            let credentials = read("", "", &[("AC_ME_CLIENT_ID", id), ("AC_ME_CLIENT_SECRET", secret)]);
            let (client, _, problems) = shown(&credentials);
            assert!(client.is_some() && problems.len() == count, "{id}: {problems:?}");
            assert!(problems.iter().all(|one| one.contains("value of an example")), "{problems:?}");
        }
    }

    #[test]
    fn the_files_own_client_id_serves_where_no_variable_names_one() {
        let file = "client_id = \"public\"";
        let secret = ("AC_ME_CLIENT_SECRET", "s3cret");
        assert_eq!(shown(&read(file, "", &[secret])), (Some("public"), true, vec![]));
        assert_eq!(shown(&read(file, "", &[])), (None, false, vec![]));
        let own = ("AC_ME_CLIENT_ID", "own");
        assert_eq!(shown(&read(file, "", &[own, secret])), (Some("own"), true, vec![]));
        let public = "client_auth = \"none\"";
        assert_eq!(shown(&read(file, public, &[])), (Some("public"), false, vec![]));
        assert_eq!(shown(&read("", public, &[own])), (Some("own"), false, vec![]));
    }

    #[test]
    fn a_value_that_can_not_be_used_is_named_and_not_shown() {
        let table: [&[(&str, &str)]; 3] = [
            &[("AC_ME_CLIENT_ID", "canary x"), ("AC_ME_CLIENT_SECRET", "s")],
            &[("AC_ME_CLIENT_ID", "me"), ("AC_ME_CLIENT_SECRET", "canary\nx")],
            &[("AC_ME_CLIENT_ID", "me"), ("AC_ME_CLIENT_SECRET_FILE", "/does/not/exist")],
        ];
        for variables in table {
            let credentials = read("", "", variables);
            let (client, _, problems) = shown(&credentials);
            assert!(client.is_none() && problems.len() == 1, "{problems:?}");
            assert!(!format!("{credentials:?} {problems:?}").contains("canary"));
        }
    }

    #[test]
    fn a_client_with_a_key_signs_instead_of_sending_a_secret() {
        let method = "client_auth = \"private_key_jwt\"";
        let pem = rcgen::KeyPair::generate().unwrap().serialize_pem();
        let id = ("AC_ME_CLIENT_ID", "me");
        let credentials = read("", method, &[id, ("AC_ME_PRIVATE_KEY", &pem)]);
        assert_eq!(shown(&credentials), (Some("me"), false, vec![]));
        assert!(credentials.get(&"ac-me".parse().unwrap()).unwrap().signer.is_some());
        let half =
            "ac-me: AC_ME_CLIENT_ID is set, AC_ME_PRIVATE_KEY is not; set it, or AC_ME_PRIVATE_KEY_FILE";
        assert_eq!(shown(&read("", method, &[id])), (None, false, vec![half.to_owned()]));
        let unusable = read("", method, &[id, ("AC_ME_PRIVATE_KEY", "canary")]);
        let problems = shown(&unusable).2;
        assert!(problems[0].contains("no private key") && !problems[0].contains("canary"), "{problems:?}");
    }

    #[test]
    fn what_a_provider_requires_must_be_set() {
        let file = "requires = [\"ACME_DEVELOPER_TOKEN\"]";
        let pair = [("AC_ME_CLIENT_ID", "me"), ("AC_ME_CLIENT_SECRET", "s3cret")];
        let lacking = read(file, "", &pair);
        let (client, _, problems) = shown(&lacking);
        assert!(client.is_none());
        assert_eq!(
            problems,
            ["ac-me: ACME_DEVELOPER_TOKEN is not set, and the provider requires it; set it"]
        );
        let with = [pair[0], pair[1], ("ACME_DEVELOPER_TOKEN", "t")];
        assert_eq!(shown(&read(file, "", &with)).0, Some("me"));
    }

    #[test]
    fn redirect_uris_are_read_to_the_letter() {
        let name = "ac-me".parse().unwrap();
        let credentials =
            read("", "", &[("AC_ME_REDIRECT_URIS", "https://a.example/cb, http://127.0.0.1:8080/cb")]);
        assert_eq!(credentials.redirect_uris(&name), ["https://a.example/cb", "http://127.0.0.1:8080/cb"]);
        for bad in [
            "http://a.example/cb",
            "https://*.a.example/cb",
            "https://a.example/cb#x",
            "app://cb",
            "https://u@a.example/",
        ] {
            let credentials = read("", "", &[("AC_ME_REDIRECT_URIS", bad)]);
            assert!(
                credentials.redirect_uris(&name).is_empty() && credentials.problems().len() == 1,
                "{bad}"
            );
        }
    }

    #[test]
    fn hosts_of_the_operators_are_read_as_hosts() {
        let name = "ac-me".parse().unwrap();
        let credentials = read("", "", &[("AC_ME_ALLOWED_HOSTS", "git.a.example, *.b.example,")]);
        assert_eq!(credentials.allowed_hosts(&name).len(), 2);
        let credentials = read("", "", &[("AC_ME_ALLOWED_HOSTS", "https://git.a.example")]);
        assert!(credentials.allowed_hosts(&name).is_empty() && credentials.problems().len() == 1);
    }
}
