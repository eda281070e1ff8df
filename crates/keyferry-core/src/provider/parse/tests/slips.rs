//! What people write who know OAuth and not this file: each slip is found, and what is told leads to the right text.

use super::*;

/// Whether the one finding has this beginning, and its hint this part.
fn is(text: &str, beginning: &str, hint: &str) {
    let found = findings(text);
    let [one] = found.as_slice() else { panic!("{found:?} in {text}") };
    let told = one.split_once(" | ").unwrap();
    assert!(told.0.starts_with(beginning) && told.1.contains(hint), "{one}");
}

fn add(text: &str) -> String {
    format!("{LEAST}{text}")
}

/// The least file with a line in its table `[token]`.
fn in_token(line: &str) -> String {
    LEAST.replace("[env]", &format!("{line}\n[env]"))
}

/// The least file with a line in its table `[authorization]`.
fn in_authorization(line: &str) -> String {
    LEAST.replace("[token]", &format!("{line}\n[token]"))
}

/// The least file with another template.
fn with(template: &str) -> String {
    LEAST.replace("\"{access_token}\"", &format!("\"{template}\""))
}

#[test]
fn a_value_of_another_type_or_notation_is_led_to_the_right_one() {
    let pkce = |flag: &str| in_authorization(&format!("pkce = {flag}"));
    is(&pkce("false"), "5:8 `authorization.pkce` is the truth value false", "write \"none\"");
    is(&pkce("true"), "5:8 `authorization.pkce` is the truth value true", "\"S256\"");
    let auth = in_token("client_auth = false");
    is(&auth, "7:15 `token.client_auth` is the truth value false", "a string in quotes");
    let pointers = [
        ("$.host", "\"/host\""),
        ("$.data[0].host", "\"/data/0/host\""),
        ("{metadata.userid}", "\"/userid\""),
        ("data.token", "\"/data/token\""),
        ("/a~b", "~0"),
    ];
    for (pointer, meant) in pointers {
        let line = format!("response = {{ metadata = {{ x = \"{pointer}\" }} }}");
        is(&in_token(&line), "7:31 this is no JSON Pointer", meant);
    }
    for label in ["id_token/email", "id_token.email"] {
        is(&add(&format!("[account]\nlabel = \"{label}\"\n")), "10:9", "\"id_token:/email\"");
    }
    let request = add("[account]\nrequest = \"https://a.example/me?t={access_token}\"\n");
    is(&request, "10:11 `{access_token}` can't stand in a URL", "Authorization: Bearer");
}

#[test]
fn a_brace_that_is_none_of_a_word_is_told_how_to_be_written() {
    for content in ["{", "{ \\\"token\\\": \\\"{access_token}\\\" }", "{}", "a } b"] {
        let text = add(&format!("[[file]]\npath = \"~/x\"\ncontent = \"{content}\"\n"));
        is(&text, "11:11", "written twice, {{ or }}");
    }
    is(&with("{acces_token}"), "8:14 `acces_token` is no word", "did you mean {access_token}?");
}

#[test]
fn a_table_or_key_at_the_wrong_place_is_led_to_its_own() {
    is(&add("[response]\naccess_token = \"/x\"\n"), "9:2 unknown key `response`", "[token.response]?");
    is(&add("[error]\nat = \"/x\"\n"), "9:2 unknown key `error` at the top", "[token.response.error]");
    let (top, token) = (format!("client_secret = \"x\"{LEAST}"), in_token("client_secret = \"x\""));
    is(&top, "1:1 unknown key `client_secret` at the top", "the proxy's environment");
    is(&token, "7:1 unknown key `client_secret` in [token]", "the proxy's environment");
    is(&add("display_name = \"Acme\"\n"), "9:1 `display_name` is taken for a variable here", "the top");
    is(&add("scopes = \"a\"\n"), "9:1 `scopes` is taken for a variable here", "[authorization]");
    is(&add("acme_url = \"x\"\n"), "9:1 the variable `acme_url` is not in capitals", "ACME_URL");
    is(&format!("requires = [\"foo\"]{LEAST}"), "1:13 the variable `foo` is not in capitals", "FOO");
}

#[test]
fn a_misspelt_key_that_must_be_there_is_the_first_thing_told() {
    let found = findings(&LEAST.replace("display_name", "displayname"));
    assert_eq!(found[0], "2:1 `display_name` is missing | write display_name for `displayname`", "{found:?}");
}

#[test]
fn a_delivery_without_a_token_or_with_a_word_that_is_none_is_a_warning() {
    let token = "8:14 a server would get";
    is(&with("${access_token}"), token, "words are written {access_token} here");
    for text in ["{{access_token}}", "access_token", "<access_token>", "$access_token", "x {{id_token}}"] {
        let found = findings(&with(text));
        let told = |one: &String| one.starts_with(token) && one.contains("as it stands");
        assert!(found.iter().any(told), "{text}: {found:?}");
    }
    is(&with("{expires_at}"), "7:1 a server gets no token", "{access_token}");
    for good in ["Bearer {access_token}", "{{{access_token}}}", "{access_token} $5"] {
        assert!(findings(&with(good)).is_empty(), "{good}: {:?}", findings(&with(good)));
    }
    assert!(findings(&add("ACME_AUTH_MODE = \"account\"\n")).is_empty());
}

#[test]
fn a_json_file_whose_text_is_no_json_is_a_warning() {
    let file = |content: &str| add(&format!("[[file]]\npath = \"~/x.json\"\ncontent = '''{content}'''\n"));
    let comma = file("{{\n\"t\": \"{access_token}\",\n}}");
    is(&comma, "10:9 the content of this .json file is no JSON, at its line 3", "a comma too many");
    for good in [
        "{{ \"t\": \"{access_token}\", \"until\": {expires_at_unix}, \"{account}\": 1 }}",
        "\"{access_token}\"",
    ] {
        assert!(findings(&file(good)).is_empty(), "{good}: {:?}", findings(&file(good)));
    }
}

#[test]
fn no_parameter_stands_twice_by_a_rename() {
    let twice = |told: &str, text: String| is(&text, told, "the rename");
    let called =
        |place: &str, name: &str| format!("{place} two parameters of one request are called `{name}`");
    twice(&called("5:12", "state"), in_authorization("rename = { client_id = \"state\" }"));
    let added = "params = { client_key = \"x\" }\nrename = { client_id = \"client_key\" }";
    twice(&called("6:12", "client_key"), in_authorization(added));
    twice(&called("7:12", "client_id"), in_token("rename = { code = \"client_id\" }"));
    let other = in_token("rename = { token = \"code\" }");
    assert!(findings(&other).is_empty(), "of two requests: {:?}", findings(&other));
}

#[test]
fn what_is_likely_a_slip_of_a_reader_of_documentation_is_a_warning() {
    is(&LEAST.replace("example/token", "example/authorize"), "5:1 both endpoints are the same URL", "people");
    is(&in_authorization("scopes = [\"a,b\"]"), "5:11 `a,b` looks like several scopes", "scope_separator");
    is(&in_authorization("scopes = [\"a b\"]"), "5:11 a scope is 1 to 512 visible", "one scope an item");
}

#[test]
fn a_label_may_be_a_fact_that_is_known_beside_the_tokens() {
    let label = "[account]\nlabel = \"metadata:team\"\n";
    let told = "10:10 no `metadata` of [callback] or [token.response] names `team`";
    is(&add(label), told, "metadata = { team");
    let known = in_token("response = { metadata = { team = \"/team/name\" } }") + label;
    let account = read(&known).unwrap().file.account.unwrap();
    assert!(matches!(account.label, Some(AccountLabel::Fact(name)) if name.as_str() == "team"));
}
