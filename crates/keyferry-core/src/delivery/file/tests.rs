use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    fact::Facts,
    flow::Tokens,
    scope::Scopes,
    secret::{AccessToken, RefreshToken},
};

fn provider(deliveries: &str) -> ProviderFile {
    let text = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/auth\"\n[token]\nendpoint = \"https://a.example/token\"\nrotates = false\n\
         [token.response]\nmetadata = {{ team = \"/team\" }}\n{deliveries}"
    );
    ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file
}

fn tokens(access: &str, team: &str) -> Tokens {
    Tokens {
        access_token: AccessToken::new(access).unwrap(),
        refresh_token: Some(RefreshToken::new("refresh").unwrap()),
        id_token: None,
        scopes: Scopes::from_reply("a b"),
        expires_at: Some(Timestamp::from_second(1_800_000_000).unwrap()),
        metadata: [("team".parse().unwrap(), SecretText::new(team).unwrap())].into_iter().collect::<Facts>(),
    }
}

fn rendered(
    deliveries: &str,
    access: &str,
    team: &str,
) -> Result<Vec<RenderedFile>, (usize, NotDeliverable)> {
    let tokens = tokens(access, team);
    let values = Values { tokens: Some(&tokens), account: Some("ada@example.org"), ..Values::default() };
    files(&provider(deliveries), &values)
}

#[test]
fn a_json_file_holds_what_the_table_says() {
    let files = rendered(
        r#"
[[file]]
path = "/home/appuser/.jira/{account}.json"
mode = "0640"
json = { type = "authorized_user", token = "{access_token}", refresh_token = "{refresh_token}", id = "{id_token}", scopes = "{scopes}", scope = "{scope}", expiry = "{expires_at}", expiry_date = "{expires_at_unix_ms}", at = "t{expires_at_unix}", nested = { gone = "{id_token}" }, list = ["{access_token}", true, 7] }
"#,
        "a\"b\\c",
        "t",
    )
    .unwrap();
    let [file] = files.as_slice() else { panic!() };
    assert_eq!((file.home.as_deref(), file.mode), (Some("/home/appuser"), 0o640));
    assert_eq!(file.names, [".jira", "ada@example.org.json"]);
    let json: serde_json::Value = serde_json::from_str(file.content.expose_secret()).unwrap();
    let expected = serde_json::json!({
        "type": "authorized_user", "token": "a\"b\\c", "refresh_token": "refresh", "scopes": ["a", "b"], "scope": "a b",
        "expiry": "2027-01-15T08:00:00Z", "expiry_date": 1_800_000_000_000_i64, "at": "t1800000000", "list": ["a\"b\\c", true, 7],
    });
    assert_eq!(json, expected);
    assert!(!format!("{file:?}").contains("refresh"));
}

#[test]
fn a_text_file_can_not_be_broken_by_a_value() {
    let json = "[[file]]\npath = \"~/.a/c.json\"\ncontent = '''{\"token\": \"{{{access_token}}}\", \"team\": \"{metadata.team}\"}'''\n"
        .replace("'''{", "'''{{")
        .replace("}'''", "}}'''");
    let files = rendered(&json, "a\"b", "new\nline").unwrap();
    let value: serde_json::Value = serde_json::from_str(files[0].content.expose_secret()).unwrap();
    assert_eq!(value, serde_json::json!({ "token": "{a\"b}", "team": "new\nline" }));
    let ini =
        "[[file]]\npath = \"~/.a/c.ini\"\ncontent = \"token={access_token}\\nteam={metadata.team}\\n\"\n";
    assert_eq!(rendered(ini, "abc", "t").unwrap()[0].content.expose_secret(), "token=abc\nteam=t\n");
    assert_eq!(rendered(ini, "abc", "t\nadmin=true").unwrap_err(), (0, NotDeliverable::Control));
}

#[test]
fn a_value_can_not_lead_a_path_elsewhere() {
    let file = "[[file]]\npath = \"~/.a/{metadata.team}/c\"\ncontent = \"x\"\n";
    assert_eq!(rendered(file, "a", "team-1").unwrap()[0].names, [".a", "team-1", "c"]);
    for bad in ["..", ".", "a/b", "../../etc", "a\\b", "a\nb", "a\u{7f}"] {
        assert_eq!(rendered(file, "a", bad).unwrap_err(), (0, NotDeliverable::Path), "{bad:?}");
    }
}

#[test]
fn only_paths_below_a_home_are_paths() {
    for good in ["~/a", "~/.a/b.json", "/home/appuser/.a/b", "~/{account}.json", "~/..a"] {
        assert!(FilePath::parse(good).is_ok(), "{good}");
    }
    use InvalidFilePath::*;
    let deep = format!("~/{}", vec!["a"; 17].join("/"));
    let table = [
        ("/etc/passwd", OutsideHome),
        ("a", OutsideHome),
        ("~", OutsideHome),
        ("/home/appuser", OutsideHome),
        ("/home/../etc/x", OutsideHome),
        ("/home//x", OutsideHome),
        ("~/", Name),
        ("~/a/../b", Name),
        ("~/a//b", Name),
        ("~/./b", Name),
        ("~/a/", Name),
        (&deep, Name),
        ("~/a\\b", Character),
        ("~/a\nb", Character),
        ("~/{access_token}", Word),
        ("~/{nothing}", Word),
        ("~/{", Word),
    ];
    for (bad, why) in table {
        assert_eq!(FilePath::parse(bad).unwrap_err(), why, "{bad}");
    }
}

#[test]
fn only_its_owner_may_write_a_file() {
    for (text, bits) in [("0600", 0o600), ("0640", 0o640), ("0644", 0o644), ("0400", 0o400), ("0444", 0o444)]
    {
        assert_eq!(FileMode::parse(text).unwrap().bits(), bits);
    }
    for bad in
        ["600", "0666", "0620", "0700", "0755", "0000", "0044", "4600", "06000", "0o600", "rw-------", ""]
    {
        assert_eq!(FileMode::parse(bad), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn any_token_arrives_byte_for_byte_in_a_file(access in "[!-~]{1,300}") {
        let json = rendered("[[file]]\npath = \"~/c.json\"\njson = { t = \"{access_token}\" }\n", &access, "t").unwrap();
        let value: serde_json::Value = serde_json::from_str(json[0].content.expose_secret()).unwrap();
        prop_assert_eq!(value["t"].as_str().unwrap(), &access);
        let text = rendered("[[file]]\npath = \"~/c\"\ncontent = \"{access_token}\"\n", &access, "t").unwrap();
        prop_assert_eq!(text[0].content.expose_secret(), &access);
    }
}

#[test]
fn names_in_json_hold_words_and_become_no_two_of_one() {
    let of = |json: &str| rendered(&format!("[[file]]\npath = \"~/c.json\"\njson = {json}\n"), "a\"b", "t");
    let files = of(
        r#"{ users = { "{account}@{metadata.team}" = "{access_token}", "{id_token}" = 1, "{{x}}" = 2 } }"#,
    );
    let json: serde_json::Value = serde_json::from_str(files.unwrap()[0].content.expose_secret()).unwrap();
    assert_eq!(json, serde_json::json!({ "users": { "ada@example.org@t": "a\"b", "{x}": 2 } }));
    let twice = of(r#"{ list = [{ "{metadata.team}" = 1, t = 2 }] }"#);
    assert_eq!(twice.unwrap_err(), (0, NotDeliverable::Twice));
}
