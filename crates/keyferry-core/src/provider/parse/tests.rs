use super::*;

const LEAST: &str = r#"
display_name = "Acme"
[authorization]
endpoint = "https://acme.example/authorize"
[token]
endpoint = "https://acme.example/token"
[env]
ACME_TOKEN = "{access_token}"
"#;

fn read(text: &str) -> Result<Checked, Diagnostics> {
    ProviderFile::parse("acme".parse().unwrap(), "providers/acme.toml", text)
}

/// What `text` is refused for, as `line:column message | hint`.
fn findings(text: &str) -> Vec<String> {
    let found = match read(text) {
        Ok(checked) => checked.warnings,
        Err(findings) => findings,
    };
    found
        .iter()
        .map(|one| {
            format!("{}:{} {} | {}", one.line, one.column, one.message, one.hint.as_deref().unwrap_or(""))
        })
        .collect()
}

#[test]
fn eight_lines_are_a_provider() {
    let file = read(LEAST).unwrap().file;
    assert_eq!(file.display_name, "Acme");
    assert_eq!(file.authorization.pkce, Pkce::S256);
    assert_eq!(file.authorization.scope_separator, " ");
    assert_eq!(file.token.client_auth, ClientAuth::ClientSecretPost);
    assert!(file.revocation.is_none());
    assert_eq!(file.env.keys().next().unwrap().as_str(), "ACME_TOKEN");
}

#[test]
fn every_key_is_read() {
    let file = read(
        r#"
display_name = "Acme"
documentation_url = "https://acme.example/docs"
notes = "n"
categories = ["work"]
client_id = "public"
[authorization]
endpoint = "https://acme.example/authorize"
issuer = "https://acme.example"
scopes = ["b", "a"]
scope_separator = ","
pkce = "none"
params = { prompt = "consent", audience = "api" }
[token]
endpoint = "https://acme.example/token"
client_auth = "client_secret_basic"
params = { extra = "1" }
[revocation]
endpoint = "https://acme.example/revoke"
[env]
A = "{access_token}"
"#,
    )
    .unwrap()
    .file;
    assert_eq!(file.authorization.scopes.join(&file.authorization.scope_separator), "b,a");
    assert_eq!(file.authorization.pkce, Pkce::None);
    let params =
        [("prompt", "consent"), ("audience", "api")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(file.authorization.params, params);
    assert_eq!(file.authorization.issuer.unwrap().as_str(), "https://acme.example");
    assert_eq!(file.token.client_auth, ClientAuth::ClientSecretBasic);
    assert_eq!(file.token.params, [("extra".to_owned(), "1".to_owned())]);
    assert_eq!(file.revocation.unwrap().endpoint.as_str(), "https://acme.example/revoke");
    assert_eq!(file.client_id.unwrap().as_str(), "public");
}

#[test]
fn an_unknown_key_is_named_with_its_place_and_the_likely_one() {
    let text = LEAST.replace("[token]\nendpoint", "[token]\nclient_aut = \"none\"\nendpoint");
    assert_eq!(findings(&text), ["6:1 unknown key `client_aut` in [token] | did you mean `client_auth`?"]);
    let text = LEAST.replace("[token]\nendpoint", "[token]\nscopes = []\nendpoint");
    assert_eq!(
        findings(&text),
        ["6:1 unknown key `scopes` in [token] | `scopes` belongs in [authorization]"]
    );
    let text = format!("{LEAST}[tokens]\nx = 1\n");
    assert_eq!(findings(&text), ["9:2 unknown key `tokens` at the top | did you mean `token`?"]);
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_of_their_lines() {
    let text = r#"
[authorization]
endpoint = "http://acme.example/authorize"
pkce = "plain"
params = { state = "x" }
[token]
endpoint = 5
[env]
"1A" = "{access_token}"
B = "{acces_token}"
"#;
    let lines: Vec<_> = findings(text);
    let expected = [
        "1:1 `display_name` is missing | add display_name = \"My Service\"",
        "3:12 the URL can't be used: it must begin with https:// (plain http is accepted for loopback hosts alone) | write https://acme.example/authorize",
        "4:8 `pkce` is \"S256\" or \"none\" | S256, unless the service refuses it; plain does not exist",
        "5:12 `state` is set by the flow itself and can't be a custom parameter | remove it",
        "7:12 `token.endpoint` is a number | it must be a string in quotes",
        "9:1 `1A` can't be a variable: a variable is A-Z, a-z, 0-9 and '_', and doesn't begin with a digit | such as MY_SERVICE_TOKEN",
        "10:5 `acces_token` is no word of a template | did you mean {access_token}?",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn no_parameter_that_the_flow_sets_can_be_overridden() {
    for name in RESERVED_PARAMETERS {
        let text = LEAST.replace("[token]", &format!("params = {{ {name} = \"x\" }}\n[token]"));
        assert_eq!(findings(&text).len(), 1, "{name}");
    }
    for name in
        ["grant_type", "client_secret", "code", "refresh_token", "code_verifier", "redirect_uri", "client_id"]
    {
        let text = LEAST.replace("[env]", &format!("params = {{ {name} = \"x\" }}\n[env]"));
        assert_eq!(findings(&text).len(), 1, "{name}");
    }
}

#[test]
fn no_parameter_can_be_overridden_by_the_endpoints_own_query() {
    let with = |query: &str| LEAST.replace("/authorize", &format!("/authorize?{query}"));
    for name in RESERVED_PARAMETERS {
        assert_eq!(findings(&with(&format!("{name}=x"))).len(), 1, "{name}");
    }
    assert_eq!(findings(&with("r%65direct_uri=x")).len(), 1, "by its meaning, not its letters");
    assert_eq!(findings(&with("a=1&a=2")).len(), 1);
    let twice = with("prompt=none").replace("[token]", "params = { prompt = \"consent\" }\n[token]");
    assert_eq!(findings(&twice).len(), 1);
    assert!(findings(&with("tenant=acme&keep=1")).is_empty());
    for name in ["grant_type", "code", "client_secret"] {
        let text = LEAST.replace("/token", &format!("/token?{name}=x"));
        assert_eq!(findings(&text).len(), 1, "{name}");
    }
}

#[test]
fn a_refresh_token_in_a_delivery_is_a_warning() {
    let text = LEAST.replace("{access_token}", "{refresh_token}");
    let checked = read(&text).unwrap();
    assert_eq!(checked.warnings.iter().count(), 1);
    assert!(checked.warnings.to_string().starts_with("providers/acme.toml:8:14: warning: ACME_TOKEN hands"));
}

#[test]
fn a_variable_that_changes_how_programs_start_is_refused() {
    for name in
        ["PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "NODE_OPTIONS", "PYTHONPATH", "BASH_ENV", "HOME"]
    {
        let text = LEAST.replace("ACME_TOKEN", name);
        assert_eq!(findings(&text).len(), 1, "{name}");
    }
}

#[test]
fn what_is_not_toml_is_shown_with_its_line() {
    let found = findings("display_name = \"Acme\"\n[authorization\n");
    assert!(found[0].starts_with("2:"), "{found:?}");
    assert!(findings(&"a".repeat(300 * 1024))[0].contains("256 KiB"));
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_mutation_of_a_good_file_makes_the_reader_panic(at in 0..LEAST.len(), with in "\\PC{0,3}") {
        let mut text = LEAST.to_owned();
        if text.is_char_boundary(at) {
            text.insert_str(at, &with);
        }
        let _ = read(&text);
    }
}
