//! Folders that change, and a proxy that tells of more.

use std::fs;

use super::*;

const NOTES: &str = "display_name = \"Notes\"\n[authorization]\nendpoint = \"https://notes.example/authorize\"\n\
    scopes = [\"notes\"]\n[token]\nendpoint = \"https://notes.example/token\"\n[env]\nNOTES_TOKEN = \"{access_token}\"\n";

fn named(text: &str) -> ProviderName {
    text.parse().unwrap()
}

#[test]
fn a_later_folder_wins_over_an_earlier_one_and_both_over_the_built_in_files() {
    let (own, further) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(own.path().join("jira.toml"), NOTES).unwrap();
    fs::write(own.path().join("notes.toml"), NOTES).unwrap();
    let second = NOTES.replace("\"Notes\"", "\"Other Notes\"");
    fs::write(further.path().join("notes.toml"), second).unwrap();
    fs::write(further.path().join("README.md"), "no provider").unwrap();
    let providers = Providers::load(own.path(), &[further.path().to_owned()]).now();
    assert_eq!(providers.set().get(&named("jira")).unwrap().display_name, "Notes");
    assert_eq!(providers.set().get(&named("notes")).unwrap().display_name, "Other Notes");
    assert!(providers.source(&named("notes")).starts_with(&*further.path().to_string_lossy()));
    assert_eq!(providers.source(&named("github")), "built in");
    assert!(providers.problems().is_empty(), "{:?}", providers.problems());
}

#[test]
fn a_broken_file_is_reported_with_its_line_and_stops_nothing() {
    let own = tempfile::tempdir().unwrap();
    fs::write(own.path().join("broken.toml"), NOTES.replace("scopes", "scops")).unwrap();
    fs::write(own.path().join("Not A Name.toml"), NOTES).unwrap();
    fs::write(own.path().join("binary.toml"), [0xff, 0xfe]).unwrap();
    fs::write(own.path().join("huge.toml"), "#".repeat(1_000_000)).unwrap();
    fs::write(own.path().join("notes.toml"), NOTES).unwrap();
    fs::create_dir(own.path().join("folder.toml")).unwrap();
    let providers = Providers::load(own.path(), &[]).now();
    assert!(providers.set().get(&named("notes")).is_some());
    let codes: Vec<_> = providers.problems().iter().map(|problem| problem.error.as_str()).collect();
    let unreadable = "provider_file_unreadable";
    assert_eq!(codes, ["bad_provider_name", unreadable, "bad_provider_file", unreadable, unreadable]);
    let broken = providers.problems().iter().find(|problem| problem.error == "bad_provider_file").unwrap();
    assert!(broken.message.contains("broken.toml:4:1:"), "{broken:?}");
    assert!(broken.hint.as_ref().unwrap().contains("keyferry provider check"), "{broken:?}");
}

#[test]
fn a_folder_that_was_asked_for_and_is_missing_is_reported() {
    let own = tempfile::tempdir().unwrap();
    let missing = own.path().join("missing");
    assert!(Providers::load(&missing, &[]).now().problems().is_empty());
    let providers = Providers::load(own.path(), &[missing]).now();
    let problems = providers.problems();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("missing"), "{problems:?}");
}
