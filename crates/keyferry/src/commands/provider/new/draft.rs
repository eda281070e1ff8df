//! The file in the making.

use std::{collections::BTreeSet, fmt::Write as _};

use clap::ValueEnum as _;
use keyferry_core::{
    delivery::Word,
    flow::server_metadata::ServerMetadata,
    id::{FactName, ProviderName},
    provider::{Asks, ConfigField, EndpointTemplate, OfflineAccess, Pattern},
    scope::Scope,
};

use super::{ClientAuth, Pkce, Variable};

/// What a value in a host is like, until the author says better.
const HOST_PART: &str = "[a-z0-9][a-z0-9-]*";

/// The most scopes that a comment lists.
const MOST_SCOPES: usize = 60;

/// The widest comment, in characters.
const WIDEST: usize = 110;

/// A provider file before it is written.
pub(super) struct Draft {
    pub(super) name: ProviderName,
    pub(super) display_name: String,
    pub(super) revocation: Option<EndpointTemplate>,
    pub(super) scopes: Vec<Scope>,
    /// The scopes that the service says it has.
    pub(super) offered: Vec<Scope>,
    pub(super) client_auth: ClientAuth,
    pub(super) pkce: Pkce,
    pub(super) env: Vec<Variable>,
    authorization: EndpointTemplate,
    token: EndpointTemplate,
    documentation_url: Option<String>,
    issuer: Option<String>,
    /// The service lists its code challenge methods, or would have to, and `S256` is not among them.
    pkce_is_unsure: bool,
    revocation_auth: Option<ClientAuth>,
    userinfo: Option<String>,
}

impl Draft {
    pub(super) fn new(
        name: ProviderName,
        display_name: String,
        authorization: EndpointTemplate,
        token: EndpointTemplate,
    ) -> Self {
        Self {
            name,
            display_name,
            revocation: None,
            scopes: Vec::new(),
            offered: Vec::new(),
            client_auth: ClientAuth::ClientSecretPost,
            pkce: Pkce::S256,
            env: Vec::new(),
            authorization,
            token,
            documentation_url: None,
            issuer: None,
            pkce_is_unsure: false,
            revocation_auth: None,
            userinfo: None,
        }
    }

    /// Takes over what a discovery document says.
    pub(super) fn learn(&mut self, found: &ServerMetadata) {
        self.client_auth = method(&found.token_endpoint_auth_methods).unwrap_or(ClientAuth::ClientSecretPost);
        self.revocation_auth = method(&found.revocation_endpoint_auth_methods);
        self.pkce_is_unsure = !found.code_challenge_methods.iter().any(|method| method == "S256");
        self.issuer = found.names_issuer.then(|| found.issuer.as_str().to_owned());
        self.documentation_url = found.service_documentation.as_ref().map(|url| url.as_str().to_owned());
        self.userinfo = found.userinfo_endpoint.as_ref().map(|url| url.as_str().to_owned());
        self.offered = found.scopes.clone();
    }

    /// What the service wants before it gives a refresh token, where it is one of those that want anything.
    pub(super) fn offline(&self) -> Option<Asks> {
        let pattern = Pattern::parse(HOST_PART).ok();
        let field = ConfigField { title: String::new(), description: None, pattern, default: None };
        let rule = self.authorization.host_rule(|_| Some(&field));
        OfflineAccess::of(&self.authorization, &rule).map(OfflineAccess::asks)
    }

    /// Whether a scope that asks for a refresh token is there.
    pub(super) fn asks_offline(&self) -> bool {
        let names = match self.offline() {
            Some(Asks::Scope(names)) => names,
            Some(Asks::Params(_)) => return true,
            None => &["offline_access"],
        };
        self.scopes.iter().any(|scope| names.contains(&scope.as_str()))
    }

    /// Whether `offline_access` is asked for as OpenID Connect has it (Core §11): it is ignored without `prompt=consent`. A service
    /// whose own rules are known goes by those.
    fn asks_offline_by_openid(&self) -> bool {
        let asked = |name| self.scopes.iter().any(|scope| scope.as_str() == name);
        self.offline().is_none() && asked("openid") && asked("offline_access")
    }

    /// The variables that the proxy needs.
    pub(super) fn variables(&self) -> Vec<String> {
        let prefix = self.name.env_prefix();
        let secret = match self.client_auth {
            ClientAuth::ClientSecretPost | ClientAuth::ClientSecretBasic => Some("CLIENT_SECRET"),
            ClientAuth::PrivateKeyJwt => Some("PRIVATE_KEY_FILE"),
            ClientAuth::None => None,
        };
        ["CLIENT_ID"].into_iter().chain(secret).map(|end| format!("{prefix}_{end}")).collect()
    }

    /// The file.
    pub(super) fn text(&self) -> String {
        let mut text =
            "# How one signs in at this service. docs/adding-providers.md has every key.\n".to_owned();
        let documentation = match &self.documentation_url {
            Some(url) => pair("documentation_url", url),
            None => "# documentation_url = \"https://…\"    # the page of the service about its OAuth\n"
                .to_owned(),
        };
        text += &format!("{}{documentation}", pair("display_name", &self.display_name));
        text += &self.authorization_table();
        text += &self.token_table();
        text += &self.revocation_table();
        if let Some(userinfo) = &self.userinfo {
            text += "\n# Whose account it is, for lists. Remove the signs where the scopes let this page be read (`openid`, `email`).\n";
            let _ = write!(text, "# [account]\n# request = {}\n# label = \"/email\"\n", quoted(userinfo));
        }
        text += &self.config_tables();
        text += "\n# What the MCP server gets: look up which variable it reads. docs/adding-providers.md has the other words.\n[env]\n";
        for (name, template) in &self.env {
            text += &pair(name.as_str(), template);
        }
        text
    }

    fn authorization_table(&self) -> String {
        let mut text = format!("\n[authorization]\n{}", pair("endpoint", self.authorization.as_str()));
        if let Some(issuer) = &self.issuer {
            text += "# The service names itself in its answers, and an answer of another is refused (RFC 9207).\n";
            text += &pair("issuer", issuer);
        }
        let scopes: Vec<_> = self.scopes.iter().map(|scope| quoted(scope.as_str())).collect();
        if scopes.is_empty() {
            text += "# What the server may do: the service's page lists its scopes, the server's page those that it needs.\n";
        }
        let _ = writeln!(text, "scopes = [{}]", scopes.join(", "));
        text += &self.scopes_comment();
        if let Some(Asks::Params(params)) = self.offline() {
            let pairs: Vec<_> =
                params.iter().map(|(name, value)| format!("{name} = {}", quoted(value))).collect();
            text += "# Without these the service gives no refresh token.\n";
            let _ = writeln!(text, "params = {{ {} }}", pairs.join(", "));
        } else if self.asks_offline_by_openid() {
            text += "# OpenID Connect has a service give no refresh token unless the person is asked for consent.\n";
            text += "params = { prompt = \"consent\" }\n";
        }
        match self.pkce {
            Pkce::None => text += "# The service refuses a code challenge.\npkce = \"none\"\n",
            Pkce::S256 if self.pkce_is_unsure => {
                text += "# The service does not say that it takes PKCE, and most that do not ignore it. Where a sign-in fails over it:\n# pkce = \"none\"\n";
            }
            Pkce::S256 => {}
        }
        text
    }

    /// The scopes that are offered beyond those that are asked for.
    fn scopes_comment(&self) -> String {
        let further: Vec<_> = self.offered.iter().filter(|scope| !self.scopes.contains(scope)).collect();
        if further.is_empty() {
            return String::new();
        }
        let mut text = "# The service also offers:".to_owned();
        let mut width = text.len();
        for scope in further.iter().take(MOST_SCOPES) {
            if width + scope.as_str().len() > WIDEST {
                text += "\n#  ";
                width = 3;
            }
            let _ = write!(text, " {}", scope.as_str());
            width += scope.as_str().len() + 1;
        }
        text + if further.len() > MOST_SCOPES { " …\n" } else { "\n" }
    }

    fn token_table(&self) -> String {
        let mut text = format!("\n[token]\n{}", pair("endpoint", self.token.as_str()));
        if self.client_auth != ClientAuth::ClientSecretPost {
            text += &pair("client_auth", &method_name(self.client_auth));
        }
        text + "# Each refresh is taken to end the refresh token before it. Where the service surely keeps one: rotates = false\n"
    }

    fn revocation_table(&self) -> String {
        let Some(endpoint) = &self.revocation else { return String::new() };
        let mut text = format!("\n[revocation]\n{}", pair("endpoint", endpoint.as_str()));
        if let Some(method) = self.revocation_auth.filter(|method| *method != self.client_auth) {
            text += &pair("client_auth", &method_name(method));
        }
        text
    }

    /// A question for each value that stands in a URL.
    fn config_tables(&self) -> String {
        let endpoints = [Some(&self.authorization), Some(&self.token), self.revocation.as_ref()];
        let words = endpoints.into_iter().flatten().flat_map(EndpointTemplate::words);
        let names: BTreeSet<&FactName> = words
            .filter_map(|word| match word {
                Word::Config(name) => Some(name),
                _ => None,
            })
            .collect();
        let mut text = String::new();
        for name in names {
            let _ = write!(
                text,
                "\n# The person is asked for this. The pattern must fit whole values, and say what they are like.\n[config.{name}]\n{}pattern = '{HOST_PART}'\n",
                pair("title", name.as_str())
            );
        }
        text
    }
}

/// The first of the methods that both sides know. Of id and secret in the body or in the header the body is the file's default.
fn method(offered: &[String]) -> Option<ClientAuth> {
    let known = |method: &&ClientAuth| offered.iter().any(|name| *name == method_name(**method));
    ClientAuth::value_variants().iter().find(known).copied()
}

fn method_name(method: ClientAuth) -> String {
    method.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn pair(name: &str, value: &str) -> String {
    format!("{name} = {}\n", quoted(value))
}

/// A TOML string. Values come from strangers: nothing in them can end it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            _ if letter.is_control() => drop(write!(quoted, "\\u{:04X}", u32::from(letter))),
            _ => quoted.push(letter),
        }
    }
    quoted + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_leave_its_string() {
        for text in ["", "a\"\nb = \"c", "\\", "\u{7f}\0\r\n\t", "«ü»", "'''", "\u{85}"] {
            let document: toml::Table = pair("a", text).parse().unwrap();
            assert_eq!(document["a"].as_str(), Some(text));
            assert_eq!(document.len(), 1);
        }
    }

    #[test]
    fn a_service_that_must_be_asked_for_a_refresh_token_is_asked() {
        let draft = |host: &str| {
            let endpoint = |path: &str| EndpointTemplate::parse(&format!("https://{host}/{path}")).unwrap();
            Draft::new("a".parse().unwrap(), "A".to_owned(), endpoint("authorize"), endpoint("token"))
        };
        assert!(
            draft("accounts.google.com")
                .text()
                .contains("params = { access_type = \"offline\", prompt = \"consent\" }")
        );
        assert!(matches!(draft("{config.site}.okta.com").offline(), Some(Asks::Scope(_))));
        assert!(draft("{config.site}.okta.com").text().contains("[config.site]\n"));
        assert!(draft("acme.example").offline().is_none());
    }

    #[test]
    fn offline_access_of_openid_connect_is_asked_for_with_consent() {
        let text = |host: &str, scopes: &[&str]| {
            let endpoint = |path: &str| EndpointTemplate::parse(&format!("https://{host}/{path}")).unwrap();
            let mut draft =
                Draft::new("a".parse().unwrap(), "A".to_owned(), endpoint("authorize"), endpoint("token"));
            draft.scopes = scopes.iter().map(|scope| Scope::new(scope).unwrap()).collect();
            draft.text()
        };
        let consent = "params = { prompt = \"consent\" }\n";
        assert!(text("acme.example", &["openid", "offline_access"]).contains(consent));
        assert!(!text("acme.example", &["offline_access"]).contains(consent), "plain OAuth has no prompt");
        assert!(!text("acme.example", &["openid"]).contains(consent));
        assert!(!text("site.okta.com", &["openid", "offline_access"]).contains(consent), "it says otherwise");
    }
}
