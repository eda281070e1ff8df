//! What a replay tells an author whose file or recording is wrong: exactly that, and where.

use std::fs;

use keyferry::replay::{Play, Report, play};
use keyferry_core::provider::ProviderFile;
use keyferry_sandbox::stand_in::Recording;

const GOOD: &str =
    r#"{"access_token":"canary-access","refresh_token":"canary-refresh","expires_in":60,"site":"eu"}"#;

/// A play of a file with these lines behind `[token]` and a recording of these replies.
async fn told(lines: &str, replies: &[(&str, &str)]) -> Report {
    let text = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://acme.example/authorize\"\n[token]\nendpoint = \"https://acme.example/token\"\n{lines}\n"
    );
    let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text).unwrap().file;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("callback.txt"), "code=canary-code&state={state}").unwrap();
    for (name, reply) in replies {
        fs::write(folder.path().join(name), reply).unwrap();
    }
    let recording = Recording::read(folder.path()).unwrap();
    let report = play(Play { file: &file, recording, config: Default::default() }).await.unwrap();
    assert!(!serde_json::to_string(&report).unwrap().contains("canary"), "{report:?}");
    report
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\ncontent-type: application/json\n\n{body}")
}

#[tokio::test]
async fn a_token_reply_that_gives_no_tokens_is_told_with_its_status_its_word_and_its_place() {
    for (lines, body, sentence) in [
        (
            "",
            "{\"access_token\":\"canary\",\n\"x\":",
            "(HTTP 200) gives no tokens: its body is no JSON, at line 2, column 4",
        ),
        ("", r#"{"access_token":"canary","token_type":"mac"}"#, "its token_type is \"mac\" and not Bearer"),
        (
            "response = { access_token = \"/data/token\" }",
            r#"{"token":"canary"}"#,
            "nothing stands at /data/token; [token.response] access_token says where it is (the reply has token)",
        ),
        (
            "",
            r#"{"error":"token_gone"}"#,
            "(HTTP 200) gives no tokens: it is an error of the service's own, `token_gone`",
        ),
        (
            "response = { error = { at = \"/status\", not = 0 } }",
            r#"{"status":503}"#,
            "`503`; [token.response] errors = { 503 =",
        ),
        (
            "response = { error = { at = \"/access_token\" } }",
            r#"{"access_token":"canary"}"#,
            "it is an error without a word",
        ),
    ] {
        let report = told(lines, &[("token.http", &ok(body))]).await;
        let [failure] = report.failures.as_slice() else { panic!("{lines}: {:?}", report.failures) };
        assert!(
            failure.starts_with("code exchange: the recorded reply") && failure.contains(sentence),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn a_callback_that_holds_no_code_is_told_with_what_it_holds() {
    let report = told("[callback]\ncode = \"auth_code\"", &[("token.http", &ok(GOOD))]).await;
    let sentence =
        "callback.txt has `code`, `state`, and the code is looked for in `auth_code`; [callback] code says";
    assert!(report.failures[0].contains(sentence), "{:?}", report.failures);
    let url = "http://127.0.0.1:7667/oauth/callback/acme?code=a&state={state}";
    let report = told("", &[("token.http", &ok(GOOD)), ("callback.txt", url)]).await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let report =
        told("", &[("token.http", &ok(GOOD)), ("callback.txt", "error=access_denied&state={state}")]).await;
    assert!(
        report.failures[0].contains("record the redirect of a sign-in that was allowed"),
        "{:?}",
        report.failures
    );
}

#[tokio::test]
async fn what_a_wrong_pointer_leaves_out_is_told() {
    let lines = "[token.response]\nmetadata = { site = \"/data/site\" }\nexpires_in = \"/life\"\n[env]\nA = \"{access_token}\"\nA_SITE = \"{metadata.site}\"\n\
        [[file]]\npath = \"~/{metadata.site}\"\ncontent = \"{access_token}\"";
    let report = told(lines, &[("token.http", &ok(GOOD))]).await;
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    let expected = [
        "{metadata.site}: nothing stands at /data/site in token.http",
        "the access token's end: nothing stands at /life in token.http",
        "the variable A_SITE, for a word of it has no value: {metadata.site}",
        "1 of 1 files (~/{metadata.site}), for a word has no value",
    ];
    assert_eq!(report.notes, expected);
    let right = lines.replace("/data/site", "/site").replace("/life", "/expires_in");
    assert!(told(&right, &[("token.http", &ok(GOOD))]).await.notes.is_empty());
}

#[tokio::test]
async fn a_refresh_that_can_not_be_played_for_want_of_a_refresh_token_is_a_failure() {
    let replies = [("token.http", &*ok(GOOD)), ("refresh.http", &ok(GOOD))];
    let report = told("response = { refresh_token = \"/refresh\" }", &replies).await;
    let [failure] = report.failures.as_slice() else { panic!("{:?}", report.failures) };
    assert!(
        failure.contains("refresh.http is not played, for no refresh token stands at /refresh"),
        "{failure}"
    );
    assert!(told("", &replies).await.failures.is_empty());
}
