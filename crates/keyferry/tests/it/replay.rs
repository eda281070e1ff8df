//! Each built-in provider, played against a stand-in that demands what its service demands and answers as it does.

use std::{fs, path::PathBuf};

use keyferry::replay::{Play, Report, play};
use keyferry_core::provider::{ProviderFile, ProviderSet};
use keyferry_sandbox::stand_in::{RecordedReply, Recording};

use crate::support::World;

fn replies() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/replies")
}

/// What is wrong with a provider, a sentence each.
async fn faults(file: &ProviderFile) -> Vec<String> {
    let recording = match Recording::read(&replies().join(file.name.as_str())) {
        Ok(recording) => recording,
        Err(error) => return vec![error.to_string()],
    };
    let demands = &recording.demands;
    if [demands.authorize.is_none(), demands.token.is_none(), demands.expected.is_none()].contains(&true) {
        return vec!["demands.toml must have [authorize], [token] and [expected]".to_owned()];
    }
    match play(Play { file, recording, config: Default::default() }).await {
        Ok(Report { failures, missing, .. }) => {
            failures.into_iter().chain(missing.iter().map(|name| format!("{name} is missing"))).collect()
        }
        Err(error) => vec![error.to_string()],
    }
}

#[tokio::test]
async fn every_built_in_provider_plays_its_part() {
    let mut found = Vec::new();
    let set = ProviderSet::builtin().unwrap();
    for file in set.iter().filter(|file| file.oauth().is_some()) {
        found.extend(faults(file).await.into_iter().map(|fault| format!("{}: {fault}", file.name)));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn recorded_replies_and_built_in_providers_belong_together() {
    let set = ProviderSet::builtin().unwrap();
    let mut named: Vec<_> =
        set.iter().filter(|file| file.oauth().is_some()).map(|file| file.name.to_string()).collect();
    named.sort();
    let mut recorded: Vec<_> = fs::read_dir(replies())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    recorded.sort();
    assert_eq!(recorded, named, "a folder in tests/replies for each provider with a flow, and no other");
}

/// What is told of the sandbox's file with one text in the place of another.
async fn told(from: &str, to: &str) -> Report {
    let text = ProviderSet::builtin().unwrap().get(&"sandbox".parse().unwrap()).unwrap().source.to_string();
    assert!(text.contains(from), "{from}");
    let text = text.replacen(from, to, 1);
    let file = ProviderFile::parse("sandbox".parse().unwrap(), "sandbox.toml", &text).unwrap().file;
    let recording = Recording::read(&replies().join("sandbox")).unwrap();
    play(Play { file: &file, recording, config: Default::default() }).await.unwrap()
}

#[tokio::test]
async fn what_a_service_would_not_take_is_told_in_a_sentence() {
    let token = "[token]\n";
    for (from, to, sentence) in [
        ("", "", ""),
        (token, "[token]\nclient_auth = \"client_secret_basic\"\n", "lacks `client_id`, `client_secret`"),
        (
            token,
            "[token]\nclient_auth = \"private_key_jwt\"\n",
            "has `client_assertion`, `client_assertion_type`, which",
        ),
        (token, "[token]\nrequest_format = \"json\"\n", "is not application/x-www-form-urlencoded"),
        (token, "[token]\nparams = { extra = \"1\" }\n", "has `extra`, which the service does not name"),
        (token, "[token]\nrename = { code = \"auth_code\" }\n", "the token request lacks `code`"),
        (
            "/token\"",
            "/tokens\"",
            "the token request went to https://127.0.0.1:7668/tokens, the service has it at",
        ),
        ("/authorize\"", "/auth\"", "the authorization request went to"),
        (
            token,
            "[token]\nrefresh_endpoint = \"http://127.0.0.1:7668/again\"\n",
            "refresh: the refresh went to",
        ),
        (token, "[token]\nrefresh = false\n", "the service refreshes, but the file says otherwise"),
        ("[authorization]\n", "[authorization]\npkce = \"none\"\n", "lacks `code_challenge`"),
        (
            "[authorization]\n",
            "[authorization]\nscope_param = \"permissions\"\n",
            "the authorization URL lacks `scope=notes:read",
        ),
        ("issuer = \"http://127.0.0.1:7668\"", "issuer = \"http://127.0.0.1:7669\"", "another issuer"),
        ("\"notes:read\", ", "", "has `scope=notes:write offline_access`, the service asks for"),
        ("[revocation]\nendpoint = \"http://127.0.0.1:7668/revoke\"\n", "", "the file has no [revocation]"),
        ("7668/revoke", "7668/end", "the revocation went to"),
        ("SANDBOX_ACCESS_TOKEN = \"", "OTHER = \"", "a server does not get SANDBOX_ACCESS_TOKEN"),
        (
            "\"{access_token}\"",
            "\"x{access_token}\"",
            "a server gets SANDBOX_ACCESS_TOKEN=x[access_token], which is not",
        ),
        (
            "[revocation]",
            "[token.response]\nerrors = { invalid_grant = \"server_error\" }\n[revocation]",
            "a dead grant is not understood as one",
        ),
        (
            "[revocation]",
            "[token.response]\naccess_token = \"/other\"\n[revocation]",
            "the recorded reply (HTTP 200) gives no tokens: nothing stands at /other; [token.response] access_token",
        ),
    ] {
        let report = told(from, to).await;
        let failures = report.failures.join("\n");
        assert!(failures.contains(sentence), "{to}: {failures}");
        assert_eq!(failures.is_empty(), sentence.is_empty(), "{to}: {failures}");
        let shown = serde_json::to_string(&report).unwrap();
        for secret in ["sandbox-access", "sandbox-refresh", "sandbox-code", "test-secret"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}

#[tokio::test]
async fn what_a_file_states_is_held_against_what_the_service_documents() {
    let text = ProviderSet::builtin().unwrap().get(&"sandbox".parse().unwrap()).unwrap().source.to_string();
    let text = text + "[config.team]\npattern = \"[a-z]+\"\ndefault = \"red\"\n";
    let file = ProviderFile::parse("sandbox".parse().unwrap(), "sandbox.toml", &text).unwrap().file;
    let mut recording = Recording::read(&replies().join("sandbox")).unwrap();
    recording
        .errors
        .push(RecordedReply::parse(b"HTTP/1.1 401 Unauthorized\n\n{\"error\":\"gone\"}").unwrap());
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let team = |value: &str| [("team".to_owned(), value.to_owned())].into();
    for (refusals, rotates, default, refused, refreshes, sentences) in [
        (&[][..], None, "red", "Red", true, &[][..]),
        (&["invalid_grant", "server_error"], Some(true), "red", "Red", true, &[]),
        (
            &[],
            None,
            "red",
            "Red",
            false,
            &["file: the service has no refresh, but the file does not say refresh = false"],
        ),
        (
            &["invalid_client", "invalid_grant"],
            Some(false),
            "blue",
            "green",
            true,
            &[
                "file: the service's documentation says rotates = false, the file says otherwise",
                "file: [config.team] has not the default `blue`",
                "file: [config.team] takes `green`, which the service does not have",
                "dead grant: the refusal 1 is taken for invalid_grant, but it means invalid_client",
                "further refusal: the refusal 2 is taken for server_error, but it means invalid_grant",
            ],
        ),
    ] {
        let mut recording = recording.clone();
        let expected = recording.demands.expected.as_mut().unwrap();
        expected.refusals = words(refusals);
        expected.rotates = rotates;
        expected.config_defaults = team(default);
        expected.config_refused = team(refused);
        if !refreshes {
            recording.demands.refresh = None;
        }
        let report = play(Play { file: &file, recording, config: Default::default() }).await.unwrap();
        // What the stand-in itself finds wrong with a refresh that it does not have is told elsewhere.
        let told = report.failures.iter().filter(|told| !told.contains("the service has none"));
        assert_eq!(told.collect::<Vec<_>>(), sentences);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_author_sees_what_went_where_and_which_reply_is_missing() {
    let world = World::new().await;
    fs::create_dir_all(world.path("replies")).unwrap();
    let write = |name: &str, text: &str| fs::write(world.path(name), text).unwrap();
    write(
        "acme.toml",
        "display_name = \"Acme\"\n[authorization]\nendpoint = \"https://{config.team}.acme.example/authorize\"\nscopes = [\"offline_access\"]\n\
         [token]\nendpoint = \"https://acme.example/token\"\nparams = { audience = \"api\" }\n[config.team]\npattern = \"[a-z]+\"\n\
         [env]\nACME_TOKEN = \"Bearer {access_token}\"\nACME_TEAM = \"{config.team}\"\n",
    );
    let check = ["provider", "check", "acme.toml", "--replay", "replies", "--config", "team=blue"];
    let ran = world.run(&check);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (1, "Not played, for there is no callback.txt\n"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("record callback.txt at the service"), "{}", ran.stderr);
    write("replies/callback.txt", "code=canary-code&state={state}\n");
    write(
        "replies/token.http",
        "HTTP/1.1 200 OK\ncontent-type: application/json\n\n{\"access_token\":\"canary-access\",\"refresh_token\":\"canary-refresh\"}",
    );
    let ran = world.run(&check);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    for line in [
        "  GET https://blue.acme.example/authorize\n",
        "    audience = api\n",
        "    client_secret = [redacted]\n",
        "  answered 200 with access_token, refresh_token\n",
        "  ACME_TEAM = blue\n  ACME_TOKEN = Bearer [access_token]\n",
        "Not played, for there is no refresh.http\nNot played, for there is no error.http\n",
    ] {
        assert!(ran.stdout.contains(line), "{line}: {}", ran.stdout);
    }
    let shown = world.json(&check);
    assert_eq!(shown["server"]["env"]["ACME_TOKEN"], "Bearer [access_token]");
    assert_eq!(shown["steps"][1]["requests"][0]["url"], "https://acme.example/token");
    assert!(!format!("{}{}{shown}", ran.stdout, ran.stderr).contains("canary"), "{}", ran.stdout);

    let acme = fs::read_to_string(world.path("acme.toml")).unwrap();
    write(
        "acme.toml",
        &acme.replace("[config.team]", "[token.response]\naccess_token = \"/token\"\n[config.team]"),
    );
    let ran = world.run(&check);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("FAILED code exchange: "), "{}", ran.stdout);
    for (arguments, code, sentence) in [
        (&["--set", "team=Blue"][..], 1, "not of the form"),
        (&["--set", "team"], 2, "has no value"),
        (&[], 1, "--config NAME=VALUE"),
        (&["--set", "team=blue", "acme.toml"], 2, "plays one file"),
    ] {
        let ran = world.run(&[&check[..5], arguments].concat());
        assert_eq!(ran.code, code, "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(sentence), "{arguments:?}: {}", ran.stderr);
    }
    write("replies/token.http", "{\"access_token\":\"canary-access\"}");
    let ran = world.run(&check);
    assert!(ran.stderr.contains("token.http: the first line must be a status line"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("canary"));
    world.end().await;
}
