//! The clients that the proxy is registered as, one a provider.

use std::{collections::BTreeMap, sync::Arc};

use keyferry_core::{
    flow::client::ClientCredentials,
    id::{ClientId, ProviderName},
    provider::{ClientAuth, ProviderFile, ProviderSet},
    secret::ClientSecret,
};

use super::{CredentialProblem, source};

/// Client ids and secrets by provider. A provider that is not in here is known, but can't be used.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    clients: BTreeMap<ProviderName, ClientCredentials>,
    problems: Arc<Vec<CredentialProblem>>,
}

// === impl Credentials ===

impl Credentials {
    /// Reads `{PROVIDER}_CLIENT_ID` and `{PROVIDER}_CLIENT_SECRET` (or `…_SECRET_FILE`) of every provider: its name in upper case
    /// with `-` as `_`. A provider file's own `client_id` serves where no variable names one.
    #[must_use]
    pub fn from_environment(providers: &ProviderSet, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let mut problems = Vec::new();
        let read = |file: &ProviderFile| {
            let client = client(file, &lookup, &mut problems);
            let client = client.unwrap_or_else(|problem| {
                problems.push(problem);
                None
            })?;
            Some((file.name.clone(), client))
        };
        let clients = providers.iter().filter_map(read).collect();
        Self { clients, problems: Arc::new(problems) }
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

/// One provider's client; none when nothing was set for it.
fn client(
    file: &ProviderFile,
    lookup: &impl Fn(&str) -> Option<String>,
    problems: &mut Vec<CredentialProblem>,
) -> Result<Option<ClientCredentials>, CredentialProblem> {
    let (provider, (id, secret)) = (file.name.clone(), variables(&file.name));
    let own_id = client_id(&provider, &id, lookup)?;
    let client_secret = client_secret(&provider, &secret, lookup, problems)?;
    let public = file.token.client_auth == ClientAuth::None;
    let has_own_id = own_id.is_some();
    match (own_id.or_else(|| file.client_id.clone()), client_secret) {
        (Some(client_id), client_secret) if public || client_secret.is_some() => {
            Ok(Some(ClientCredentials { client_id, client_secret }))
        }
        (Some(_), None) if has_own_id => Err(CredentialProblem::SecretMissing { provider, id, secret }),
        (None, Some(_)) => Err(CredentialProblem::IdMissing { provider, id, secret }),
        _ => Ok(None),
    }
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
}
