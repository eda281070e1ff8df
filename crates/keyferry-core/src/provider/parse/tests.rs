use super::*;
use crate::{
    flow::{authorize, client::Method, exchange, revoke::TokenTypeHint},
    provider::{AccountLabel, ClientAuth, Pkce, Redirect, RequestFormat, RevocationAuth, RevocationBody},
};

mod slips;

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
    let oauth = file.oauth().unwrap();
    assert_eq!(oauth.authorization.pkce, Pkce::S256);
    assert_eq!(oauth.authorization.scope_separator, " ");
    assert_eq!(oauth.token.client_auth, ClientAuth::ClientSecretPost);
    assert!(oauth.token.refresh && oauth.token.rotates);
    assert!(oauth.revocation.is_none());
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
requires = ["ACME_DEVELOPER_TOKEN"]
implementation = "instagram"
[authorization]
endpoint = "https://acme.example/authorize"
issuer = "https://acme.example"
scopes = ["b", "a"]
scope_param = "user_scope"
scope_separator = ","
pkce = "none"
params = { prompt = "consent", audience = "api" }
rename = { client_id = "client_key" }
fragment = "x"
redirect = "proxy"
[callback]
code = "auth_code"
metadata = ["realmId"]
[token]
endpoint = "https://acme.example/token"
refresh_endpoint = "https://acme.example/refresh"
client_auth = "client_secret_basic"
request_format = "json"
params = { extra = "1" }
refresh_params = { more = "2" }
headers = { Accept-Language = "en" }
rename = { client_secret = "secret_key" }
refresh = true
refresh_redirect_uri = true
rotates = false
expires_in = 3600
refresh_margin = "10m"
[token.response]
access_token = ["/data/token", "/token"]
expires_at = "/data/until"
metadata = { shop = "/shop" }
error = { at = "/ok", is = false, message = "/error" }
errors = { gone = "invalid_grant" }
[revocation]
endpoint = "https://acme.example/revoke"
method = "DELETE"
request_format = "json"
params = { all = "true" }
headers = { X-Own = "{client_id}" }
rename = { token = "access_token", token_type_hint = "" }
token = "access_token"
client_auth = "none"
[account]
request = "POST https://api.acme.example/me/{metadata.shop}"
method = "POST"
json = { query = "{{ me }}", of = "{config.region}" }
headers = { X-Client = "{client_id}" }
label = "/email"
metadata = { cloud_id = "/0/id" }
[config.region]
title = "Region"
description = "Where"
pattern = "eu|us"
default = "eu"
[env]
A = "{access_token} {metadata.shop} {metadata.realmId} {metadata.cloud_id} {config.region}"
[[file]]
path = "~/.acme"
mode = "0640"
content = "{refresh_token}"
"#,
    )
    .unwrap_or_else(|findings| panic!("{findings}"));
    assert!(file.warnings.is_empty(), "{}", file.warnings);
    let file = file.file;
    let oauth = file.oauth().unwrap();
    let authorization = &oauth.authorization;
    assert_eq!(authorization.scopes.join(&authorization.scope_separator), "b,a");
    assert_eq!((authorization.pkce, authorization.redirect), (Pkce::None, Redirect::Proxy));
    let params: Vec<_> =
        authorization.params.iter().map(|(name, value)| (name.as_str(), value.as_text().unwrap())).collect();
    assert_eq!(params, [("prompt", "consent"), ("audience", "api")]);
    assert_eq!(authorization.issuer.as_ref().unwrap().as_str(), "https://acme.example");
    assert_eq!(
        (authorization.scope_param.as_str(), authorization.fragment.as_deref()),
        ("user_scope", Some("x"))
    );
    assert_eq!(authorization.rename.name("client_id"), Some("client_key"));
    assert_eq!((oauth.callback.code.as_str(), oauth.callback.metadata[0].as_str()), ("auth_code", "realmId"));
    let token = &oauth.token;
    assert_eq!(
        (token.client_auth, token.request_format),
        (ClientAuth::ClientSecretBasic, RequestFormat::Json)
    );
    assert_eq!(token.refresh_endpoint.as_ref().unwrap().as_str(), "https://acme.example/refresh");
    assert_eq!((token.params[0].0.as_str(), token.refresh_params[0].0.as_str()), ("extra", "more"));
    assert_eq!((token.headers[0].0.as_str(), token.refresh_redirect_uri), ("accept-language", true));
    assert_eq!((token.expires_in, token.refresh_margin, token.rotates), (Some(3600), Some(600), false));
    assert_eq!(token.response.access_token.iter().collect::<Vec<_>>(), ["/data/token", "/token"]);
    assert!(token.response.expires_at.as_ref().unwrap().iter().eq(["/data/until"]));
    assert_eq!(token.response.error_code("gone").as_str(), "invalid_grant");
    let revocation = oauth.revocation.as_ref().unwrap();
    assert_eq!(revocation.endpoint.as_str(), "https://acme.example/revoke");
    assert_eq!(
        (revocation.method, revocation.body),
        (Method::Delete, RevocationBody::In(RequestFormat::Json))
    );
    assert_eq!(
        (revocation.authentication, revocation.params.len()),
        (RevocationAuth::Client(ClientAuth::None), 1)
    );
    assert_eq!(revocation.headers.as_ref().unwrap()[0].0, "x-own");
    let rename = revocation.rename.as_ref().unwrap();
    assert_eq!((rename.name("token"), rename.name("token_type_hint")), (Some("access_token"), None));
    assert!(revocation.takes(TokenTypeHint::AccessToken) && !revocation.takes(TokenTypeHint::RefreshToken));
    assert_eq!(oauth.implementation.unwrap().name(), "instagram");
    let account = file.account.unwrap();
    assert_eq!(account.method, Method::Post);
    assert_eq!(account.json.unwrap().templates().len(), 4, "names and values");
    assert_eq!(account.request.unwrap().as_str(), "https://api.acme.example/me/{metadata.shop}");
    assert!(matches!(account.label, Some(AccountLabel::Reply(pointer)) if pointer.as_str() == "/email"));
    let (name, region) = file.config.first_key_value().unwrap();
    assert_eq!(
        (name.as_str(), region.title.as_str(), region.default.as_deref()),
        ("region", "Region", Some("eu"))
    );
    assert_eq!(file.requires[0].as_str(), "ACME_DEVELOPER_TOKEN");
    assert_eq!(file.client_id.unwrap().as_str(), "public");
    assert_eq!((file.env.len(), file.files[0].mode.bits()), (1, 0o640));
}

#[test]
fn a_browser_sign_in_is_read_and_keeps_its_rules() {
    const BROWSER: &str = r#"
display_name = "Slack"
[browser]
login_url = "https://slack.com/signin"
allow_hosts = ["slack.com", "*.slack.com"]
extract_on = "https://app.slack.com/client/*"
[browser.tokens]
access_token = { local_storage = "localConfig_v2", pattern = "xoxc-.+" }
cookie = { cookie = "d", required = false }
[env]
SLACK_MCP_XOXC_TOKEN = "{access_token}"
SLACK_MCP_XOXD_TOKEN = "{metadata.cookie}"
"#;
    let file = read(BROWSER).unwrap_or_else(|findings| panic!("{findings}")).file;
    let browser = file.browser().unwrap();
    assert_eq!(browser.tokens.len(), 2);
    let url = |text: &str| url::Url::parse(text).unwrap();
    for (page, fits) in [
        ("https://app.slack.com/client/T1/C1", true),
        ("https://app.slack.com/client/", true),
        ("https://app.slack.com/clientele", false),
        ("https://app.slack.com/?/client/", false),
        ("https://evil.test/client/", false),
        ("https://app.slack.com.evil.test/client/", false),
        ("https://app.slack.com:8443/client/", false),
        ("http://app.slack.com/client/", false),
        ("https://app.slack.com@evil.test/client/", false),
    ] {
        assert_eq!(browser.extract_on.matches(&url(page)), fits, "{page}");
    }
    for (page, fits) in [
        ("https://slack.com/x", true),
        ("https://a.b.slack.com/", true),
        ("https://evilslack.com/", false),
        ("https://slack.com.evil.test/", false),
        ("https://slack.com:444/", false),
        ("https://u@slack.com/", false),
    ] {
        assert_eq!(browser.allow_hosts.iter().any(|host| host.matches(&url(page))), fits, "{page}");
    }
    let table = [
        (
            "allow_hosts = [\"slack.com\", \"*.slack.com\"]",
            "allow_hosts = [\"*.slack.com\"]",
            "may not go to its own login page",
        ),
        (
            "https://app.slack.com/client/*",
            "https://app.evil.example/*",
            "may not go to the page of `extract_on`",
        ),
        ("\"*.slack.com\"", "\"*.com\"", "`*.com` is no host"),
        ("\"*.slack.com\"", "\"*slack.com\"", "`*slack.com` is no host"),
        (
            "{ cookie = \"d\", required = false }",
            "{ cookie = \"d\", script = \"x\" }",
            "is read from one place",
        ),
        ("{metadata.cookie}", "{metadata.d}", "nothing defines `{metadata.d}`"),
        ("pattern = \"xoxc-.+\" }", "required = false }", "`access_token` is not among the tokens"),
        (
            "[browser]",
            "[token]\nendpoint = \"https://a.example/\"\n[browser]",
            "[authorization] and [token], or [browser]",
        ),
    ];
    for (from, to, expected) in table {
        let found = findings(&BROWSER.replace(from, to));
        assert!(found.iter().any(|finding| finding.contains(expected)), "{to}: {found:?}");
    }
}

#[test]
fn each_mistake_of_a_file_as_a_whole_is_found() {
    let add = |text: &str| format!("{LEAST}{text}");
    let table = [
        (
            LEAST.replace("{access_token}", "{config.site}"),
            "8:15 nothing defines `{config.site}` | ask for it with [config.site]",
        ),
        (
            add("[config.site]\ntitle = \"S\"\n").replace("{access_token}", "{config.sit}"),
            "8:15 nothing defines `{config.sit}` | did you mean {config.site}?",
        ),
        (
            LEAST.replace("{access_token}", "{metadata.x}"),
            "8:15 nothing defines `{metadata.x}` | name it in `metadata` of [callback], [token.response] or [account]: { x = \"/…\" }",
        ),
        (
            LEAST.replace("https://acme.example/token", "https://{config.s}.acme.example/token")
                + "[config.s]\n",
            "9:1 `s` lands in a host and has no pattern | add pattern = \"[a-z0-9-]+\", or what its values are like",
        ),
        (
            LEAST.replace("https://acme.example/authorize", "https://accounts.google.com/o/oauth2/v2/auth"),
            "3:1 this service gives no refresh token unless it is asked for one | params = { access_type = \"offline\", prompt = \"consent\" }",
        ),
        (
            LEAST.replace("[env]", "refresh = false\nrefresh_endpoint = \"https://acme.example/r\"\n[env]"),
            "8:1 `refresh_endpoint` has no use where refresh is false | remove one of them",
        ),
        (
            LEAST.replace("[env]", "params = { my_secret = \"0123456789\" }\n[env]"),
            "7:25 `my_secret` looks like a secret | secrets go into the proxy's environment; a variable beside id and secret is named in `requires`",
        ),
        (
            add("[account]\nrequest = \"https://{metadata.host}/me\"\nlabel = \"/email\"\n"),
            "10:11 `{metadata.host}` can't stand in a host: only what the person was asked for can, as {config.NAME} | ask the person with [config.NAME] and write {config.NAME}",
        ),
        (
            add("# the app's: GOCSPX-0123456789abcdefghij\n"),
            "9:14 this looks like a secret | secrets go into the proxy's environment; a variable beside id and secret is named in `requires`",
        ),
        (
            LEAST.replace("{access_token}\"", "{access_token}\"\nACME_API_KEY = \"0123456789\""),
            "9:17 `ACME_API_KEY` looks like a secret | secrets go into the proxy's environment; a variable beside id and secret is named in `requires`",
        ),
        (
            LEAST.replace("https://acme.example/token", "https://{config.s}.acme.example/token")
                + "[config.s]\npattern = \".+\"\n",
            "10:12 `s` lands in a host, and its pattern matches what no host can hold | name the characters instead of `.` or `\\\\w`: \"[a-z0-9-]+\"",
        ),
        (
            LEAST.replace(
                "[token]",
                "params = { x = \"{metadata.x}\" }\n[callback]\nmetadata = [\"x\"]\n[token]",
            ),
            "5:17 `{metadata.x}` is not known yet when the sign-in begins | ask the person with [config.NAME] and write {config.NAME}",
        ),
        (
            LEAST.replace(
                "[env]",
                "params = { x = \"{metadata.x}\" }\nresponse = { metadata = { x = \"/x\" } }\n[env]",
            ),
            "7:17 `{metadata.x}` is not known yet when the code is redeemed | only what `metadata` of [callback] names is known here; ask the person with [config.NAME]",
        ),
        (
            LEAST.replace("[env]\nACME_TOKEN = \"{access_token}\"\n", ""),
            "1:1 a server gets nothing from this provider | add [env] with the variable that it reads, or [[file]]",
        ),
        (
            add("[[file]]\npath = \"/etc/x\"\ncontent = \"x\"\n"),
            "10:8 a credential file lies below the server's home: begin with ~/ or /home/USER/ | such as ~/.service/credentials.json",
        ),
        (
            add("[[file]]\npath = \"~/x\"\n"),
            "9:1 a file has either `content` or `json` | json = { token = \"{access_token}\" }",
        ),
        (
            LEAST.replace("[token]", "rename = { state = \"\" }\n[token]"),
            "5:20 `state` can't be dropped: it protects the sign-in | name what the service calls it",
        ),
        (
            LEAST.replace("[env]", "headers = { Authorization = \"x\" }\n[env]"),
            "7:13 the header `Authorization` is set by Keyferry itself | remove it",
        ),
        (
            LEAST.replace("[env]", "params = { x = \"{access_token}\" }\n[env]"),
            "7:16 `{access_token}` can't stand here | here: {client_id}, {config.NAME} and {metadata.NAME}",
        ),
        (
            LEAST.replace("[env]", "response = { access_token = \"data.token\" }\n[env]"),
            "7:29 this is no JSON Pointer (RFC 6901) | begin with a slash: \"/data/token\"",
        ),
        (
            add("[revocation]\nendpoint = \"https://acme.example/r\"\nmethod = \"GET\"\n"),
            "11:10 `method` is not one of \"POST\", \"DELETE\" | ",
        ),
        (
            add("[revocation]\nendpoint = \"https://acme.example/r\"\nrequest_format = \"none\"\n"),
            "9:1 without a body nothing carries the token | add bearer = true, or write request_format = \"form\" or \"json\"",
        ),
        (
            add(
                "[revocation]\nendpoint = \"https://acme.example/r\"\nrequest_format = \"none\"\nbearer = true\nparams = { a = \"b\" }\n",
            ),
            "9:1 `params` has no use without a body | remove it, or write request_format = \"form\" or \"json\"",
        ),
        (
            add("[revocation]\nendpoint = \"https://acme.example/r\"\nrename = { token = \"\" }\n"),
            "9:1 `token` can't be dropped: nothing else carries it | name what the service calls it, or add bearer = true",
        ),
        (
            add("[revocation]\nendpoint = \"https://acme.example/r\"\nrename = { code = \"c\" }\n"),
            "11:12 `code` is no standard parameter here | token, token_type_hint, client_id, client_secret",
        ),
        (
            add(
                "[revocation]\nendpoint = \"https://acme.example/r\"\nbearer = true\nclient_auth = \"client_secret_basic\"\n",
            ),
            "12:15 with `bearer` the token authenticates in the client's place | remove `client_auth` or `bearer`",
        ),
        (
            add("[revocation]\nendpoint = \"https://acme.example/r?token=x\"\n"),
            "10:12 the endpoint's query has `token`, which would then stand twice | remove it from the endpoint",
        ),
        (
            add("[revocation]\nendpoint = \"https://{client_id}.acme.example/r\"\n"),
            "10:12 `{client_id}` can't stand in a host: only what the person was asked for can, as {config.NAME} | ask the person with [config.NAME] and write {config.NAME}",
        ),
        (
            add("[revocation]\nendpoint = \"https://acme.example/{access_token}\"\n"),
            "10:12 `{access_token}` can't stand in a URL | a token stands in no URL: [account] sends the access token by itself, as Authorization: Bearer; for another header: headers = { NAME = \"{access_token}\" }",
        ),
        (
            add("[account]\nrequest = \"https://acme.example/me\"\nmethod = \"PUT\"\n"),
            "11:10 `method` is not one of \"GET\", \"POST\" | ",
        ),
        (
            add("[account]\nrequest = \"https://acme.example/me\"\njson = { a = 1 }\n"),
            "11:8 a GET has no body | add method = \"POST\", or remove `json`",
        ),
        (
            add("[account]\nrequest = \"https://acme.example/me\"\nmethod = \"POST\"\njson = \"{}\"\n"),
            "12:8 `account.json` is a string | it must be a table, such as { query = \"{{ me {{ id }} }}\" }",
        ),
        (
            add("[account]\nrequest = \"POST https://acme.example/me\"\n"),
            "10:11 `request` says POST, and `method` is GET | write method = \"POST\", or the URL alone",
        ),
        (
            add(
                "[account]\nrequest = \"https://acme.example/me\"\nmethod = \"POST\"\njson = { query = \"{ me { id } }\" }\n",
            ),
            "12:18 ` me { id ` is no word of a template | a brace that is meant as such is written twice, {{ or }}",
        ),
        (
            add(
                "[account]\nrequest = \"https://acme.example/me\"\nmethod = \"POST\"\njson = { token = \"{access_token}\" }\n",
            ),
            "12:18 `{access_token}` can't stand here | here: {client_id}, {config.NAME} and {metadata.NAME}",
        ),
        (
            add(
                "[account]\nrequest = \"https://acme.example/me\"\nmethod = \"POST\"\njson = { a = [{ b = \"{config.no}\" }] }\n",
            ),
            "12:22 nothing defines `{config.no}` | ask for it with [config.no]",
        ),
        (
            LEAST.replace("[env]", "refresh_redirect_uri = true\nrename = { redirect_uri = \"\" }\n[env]"),
            "7:24 `rename` drops the `redirect_uri` that a refresh would repeat | remove `refresh_redirect_uri`, or name what the service calls it",
        ),
        (
            LEAST.replace("[env]", "refresh = false\nrefresh_redirect_uri = true\n[env]"),
            "8:1 `refresh_redirect_uri` has no use where refresh is false | remove one of them",
        ),
        (
            LEAST.replace("[env]", "bearer = true\n[env]"),
            "7:1 unknown key `bearer` in [token] | `bearer` belongs in [revocation]",
        ),
        (
            format!("implementation = \"instagam\"{LEAST}"),
            "1:18 there is no implementation `instagam` | did you mean \"instagram\"?",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(findings(&text), [expected], "{text}");
    }
    let open = LEAST.replace("https://acme.example/token", "https://{config.h}/token")
        + "[config.h]\npattern = \"[a-z.]+\"\n";
    assert!(findings(&open)[0].contains("only to hosts that its operator listed"), "{:?}", findings(&open));
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
fn a_number_is_read_as_toml_writes_it_or_refused_and_never_left_out() {
    let expires = |text: &str| {
        let text = LEAST.replace("[env]", &format!("expires_in = {text}\n[env]"));
        read(&text).ok()?.file.oauth()?.token.expires_in
    };
    assert_eq!([expires("3_600"), expires("0xe10"), expires("0o7020")], [Some(3600); 3]);
    assert_eq!([expires("-1"), expires("99999999999999999999"), expires("1.5")], [None; 3]);
    let file = |json: &str| findings(&format!("{LEAST}[[file]]\npath = \"~/x\"\njson = {{ n = {json} }}\n"));
    for good in ["1", "0x10", "-9223372036854775808", "1.5", "1e3"] {
        assert_eq!(file(good), [""; 0], "{good}");
    }
    for (bad, why) in [
        ("9223372036854775808", "`json.n` is a number of more than 64 bits"),
        ("inf", "`json.n` is no number that JSON has"),
        ("nan", "`json.n` is no number that JSON has"),
    ] {
        assert_eq!(file(bad), [format!("11:14 {why} | write it in quotes")], "{bad}");
    }
    let rule = "[token.response.error]\nat = \"/code\"\nis = 99999999999999999999\n[env]";
    assert_eq!(
        findings(&LEAST.replace("[env]", rule)),
        ["9:6 `is` is a number of more than 64 bits | write it in quotes"]
    );
}

#[test]
fn no_parameter_that_the_flow_sets_can_be_overridden() {
    for name in authorize::RESERVED_PARAMETERS {
        let text = LEAST.replace("[token]", &format!("params = {{ {name} = \"x\" }}\n[token]"));
        assert_eq!(findings(&text).len(), 1, "{name}");
    }
    for name in exchange::RESERVED_PARAMETERS {
        let text = LEAST.replace("[env]", &format!("params = {{ {name} = \"x\" }}\n[env]"));
        assert_eq!(findings(&text).len(), 1, "{name}");
    }
}

#[test]
fn no_parameter_can_be_overridden_by_the_endpoints_own_query() {
    let with = |query: &str| LEAST.replace("/authorize", &format!("/authorize?{query}"));
    for name in authorize::RESERVED_PARAMETERS {
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

#[test]
fn a_service_that_must_be_asked_for_a_refresh_token_is_known_wherever_its_host_stands() {
    let with = |endpoint: &str, more: &str| {
        findings(&(LEAST.replace("https://acme.example/authorize", endpoint) + more)).join("\n")
    };
    let asked = "gives no refresh token unless it is asked";
    let site = "[config.s]\npattern = '[a-z]+'\n";
    let domain = "[config.s]\npattern = '[a-z]+\\.okta\\.com'\n";
    assert!(with("https://login.microsoftonline.com/{config.s}/authorize", site).contains(asked));
    assert!(with("https://{config.s}.salesforce.com/authorize", site).contains(asked));
    assert!(with("https://{config.s}/authorize", domain).contains(asked));
    assert_eq!(with("https://notdropbox.com/authorize", ""), "", "another host that ends alike");
    let offline = |text: &str| text.replace("[token]", "scopes = [\"offline_access\"]\n[token]");
    assert!(
        findings(&offline(&LEAST.replace("acme.example/authorize", "acme.okta.com/authorize"))).is_empty()
    );
}

#[test]
fn the_beginning_of_a_secret_alone_is_none() {
    let text = format!("notes = \"Tokens begin with xoxb- or ghp_, keys with -----begin\"{LEAST}");
    assert!(findings(&text).is_empty(), "{:?}", findings(&text));
    let pem = format!("{LEAST}# -----BEGIN PRIVATE KEY-----\n");
    assert_eq!(findings(&pem).len(), 1);
}

#[test]
fn a_pattern_for_a_host_is_made_of_what_hosts_are_made_of() {
    let with = |pattern: &str| {
        let text = LEAST.replace("https://acme.example/token", "https://{config.s}.acme.example/token");
        findings(&format!("{text}[config.s]\npattern = '{pattern}'\n")).len()
    };
    for good in [
        "[a-z0-9-]+",
        "(?i)acme|other",
        r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+){0,2}",
        r"^a\.b$",
        "a{1,3}",
        "[a-z]+[0-9]",
        "[a-z]+-shop",
    ] {
        assert_eq!(with(good), 0, "{good}");
    }
    for bad in [".+", r"\w+", r"\d+", "[^/]+", "a/b", "[a-z_]+", "(a|b@)c", "(?:x:)?y", "[a-zé]"] {
        assert_eq!(with(bad), 1, "{bad}");
    }
}
