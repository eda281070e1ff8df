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

fn display_name(providers: &Providers, name: &str) -> String {
    providers.get(&named(name)).map(|file| file.display_name.clone()).unwrap_or_default()
}

#[test]
fn a_broken_file_keeps_its_last_good_form_and_a_deleted_one_goes_back_to_the_one_before() {
    let own = tempfile::tempdir().unwrap();
    let path = own.path().join("jira.toml");
    fs::write(&path, NOTES).unwrap();
    let providers = Providers::load(own.path(), &[]);
    let before = providers.now();
    fs::write(&path, NOTES.replace("scopes", "scops")).unwrap();
    providers.reload();
    assert_eq!(display_name(&providers, "jira"), "Notes");
    let problem = providers.now().problems()[0].clone();
    assert!(problem.message.contains("jira.toml:4:1:"), "{problem:?}");
    assert!(problem.hint.unwrap().contains("its last good form is used"));

    let broken = providers.now();
    providers.reload();
    assert!(Arc::ptr_eq(&broken, &providers.now()), "what did not change is not told again");
    fs::write(&path, NOTES).unwrap();
    providers.reload();
    assert!(providers.now().problems().is_empty());
    fs::remove_file(&path).unwrap();
    providers.reload();
    assert_eq!(display_name(&providers, "jira"), "Jira");
    assert_eq!(before.set().get(&named("jira")).unwrap().display_name, "Notes", "who has it keeps it");
}

#[tokio::test]
async fn files_that_come_change_and_go_are_picked_up() {
    let place = tempfile::tempdir().unwrap();
    let (missing, named_folder) = (place.path().join("providers"), place.path().join("named"));
    fs::create_dir(&named_folder).unwrap();
    let providers = Arc::new(Providers::load(&missing, std::slice::from_ref(&named_folder)));
    let keeping_up = tokio::spawn(Arc::clone(&providers).keep_up());
    let shows = async |expected: &str| {
        let mut news = providers.subscribe();
        let is = |now: &Arc<Snapshot>| {
            now.set().get(&named("notes")).map_or("", |file| &file.display_name) == expected
        };
        let seen = tokio::time::timeout(std::time::Duration::from_secs(20), news.wait_for(is)).await;
        drop(seen.unwrap_or_else(|_| panic!("{expected:?} was not seen")).unwrap());
    };
    fs::write(named_folder.join("notes.toml"), NOTES).unwrap();
    shows("Notes").await;
    fs::write(named_folder.join("notes.toml"), NOTES.replace("\"Notes\"", "\"Changed\"")).unwrap();
    shows("Changed").await;
    fs::remove_file(named_folder.join("notes.toml")).unwrap();
    shows("").await;
    // A folder that comes only now, and one that another is put in the place of.
    fs::create_dir(&missing).unwrap();
    fs::write(missing.join("notes.toml"), NOTES.replace("\"Notes\"", "\"Late\"")).unwrap();
    shows("Late").await;
    fs::rename(&named_folder, place.path().join("old")).unwrap();
    fs::create_dir(&named_folder).unwrap();
    fs::write(named_folder.join("notes.toml"), NOTES.replace("\"Notes\"", "\"Other folder\"")).unwrap();
    shows("Other folder").await;
    keeping_up.abort();
}

fn told(providers: &Providers, name: &str, text: &str, is_local: bool) -> Vec<String> {
    providers.take_from_proxy([(name.to_owned(), text.to_owned())], is_local);
    providers.now().problems().iter().map(|problem| problem.message.clone()).collect()
}

#[test]
fn plain_http_is_taken_from_a_proxy_on_loopback_alone() {
    let plain = NOTES.replace("https://notes.example", "http://127.0.0.1:9");
    let account = format!("{NOTES}[account]\nrequest = \"http://127.0.0.1:9/me\"\nlabel = \"/email\"\n");
    for text in [&plain, &account] {
        let providers = Providers::load("".as_ref(), &[]);
        let problems = told(&providers, "notes", text, false);
        assert!(problems.len() == 1 && problems[0].contains("is not https"), "{problems:?}");
        assert!(providers.get(&named("notes")).is_none());
        let providers = Providers::load("".as_ref(), &[]);
        assert!(told(&providers, "notes", text, true).is_empty());
        assert_eq!(providers.now().source(&named("notes")), "the proxy");
    }
}

#[test]
fn what_a_proxy_tells_is_bounded_and_read_as_any_file_and_goes_when_it_is_told_no_more() {
    let providers = Providers::load("".as_ref(), &[]);
    assert!(told(&providers, "notes", NOTES, false).is_empty());
    assert_eq!(display_name(&providers, "notes"), "Notes");
    for text in [NOTES.replace("scopes", "scops"), format!("{NOTES}#{}", "x".repeat(100_000))] {
        assert_eq!(told(&providers, "notes", &text, false).len(), 1);
        assert_eq!(display_name(&providers, "notes"), "Notes", "its last good form");
    }
    let escape = format!("{NOTES}[[file]]\npath = \"../../x\"\ncontent = \"{{access_token}}\"\n");
    assert_eq!(told(&providers, "other", &escape, false).len(), 1);
    assert!(providers.get(&named("notes")).is_none(), "told no more");
    assert_eq!(told(&providers, "../notes", NOTES, false).len(), 1);
    let many = (0..=learned::MOST).map(|number| (format!("notes-{number}"), NOTES.to_owned()));
    providers.take_from_proxy(many, false);
    let problems = providers.now().problems().to_vec();
    assert!(problems.len() == 1 && problems[0].error == "too_many_providers", "{problems:?}");
}
