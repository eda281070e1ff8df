//! Every key of the provider file is taken out of a file that sets it, and the play of that file must tell the difference.

mod cut;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use keyferry::replay::{Play, play};
use keyferry_core::provider::{ProviderFile, ProviderSet, builtin, schema};
use keyferry_sandbox::stand_in::Recording;
use toml::Value;

/// Keys that people read, and from which nothing follows.
const FOR_READERS: [&str; 4] = ["display_name", "documentation_url", "notes", "categories"];

/// What a play can't tell, each with the test that does.
const ELSEWHERE: [(&str, &str); 6] = [
    // A play has a client of its own, and every variable that it could want.
    ("client_id", "the_files_own_client_id_serves_where_no_variable_names_one"),
    ("requires", "what_a_provider_requires_must_be_set"),
    // No server sees what stands behind the `#`.
    ("authorization.fragment", "a_service_gets_its_own_names_its_fragment_and_what_the_person_was_asked_for"),
    // No time passes in a play.
    ("token.refresh_margin", "a_provider_file_says_how_long_before_its_end_a_token_is_refreshed"),
    // Nobody is asked anything in a play.
    ("config.*.title", "a_missing_value_is_asked_for_in_the_words_of_the_provider_file"),
    ("config.*.description", "a_missing_value_is_asked_for_in_the_words_of_the_provider_file"),
];

/// A provider file that plays its part.
struct Sample {
    name: String,
    file: Value,
    recording: Recording,
    /// What comes of it as it stands; played when it is first asked for.
    outcome: Option<Outcome>,
}

/// What comes of a file.
#[derive(Debug, Clone, PartialEq)]
struct Outcome {
    /// What its author is told to look at.
    warnings: Vec<String>,
    /// Why it is refused, or what the service would not like of it.
    failures: Vec<String>,
    /// What an MCP server gets after the sign-in and after a refresh.
    delivered: serde_json::Value,
}

impl Sample {
    fn read(name: &str, text: &str, replies: &Path) -> Self {
        Self {
            name: name.to_owned(),
            file: toml::from_str(text).unwrap(),
            recording: Recording::read(replies).unwrap(),
            outcome: None,
        }
    }

    /// The imaginary service, and each built-in provider with a flow.
    fn all() -> Vec<Self> {
        let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let acme = here.join("tests/it/keys/acme");
        let text = fs::read_to_string(acme.join("provider.toml")).unwrap();
        let mut samples = vec![Self::read("acme", &text, &acme)];
        let set = ProviderSet::builtin().unwrap();
        let flow = |name: &str| set.get(&name.parse().unwrap()).unwrap().oauth().is_some();
        for (name, text) in builtin().filter(|(name, _)| flow(name)) {
            samples.push(Self::read(name, text, &here.join("../../tests/replies").join(name)));
        }
        samples
    }

    async fn outcome(&mut self) -> Outcome {
        if self.outcome.is_none() {
            self.outcome = Some(self.play(&self.file).await);
        }
        self.outcome.clone().unwrap()
    }

    /// Plays another form of the file against the same demands and replies.
    async fn play(&self, form: &Value) -> Outcome {
        let text = toml::to_string(form).unwrap();
        let refused = |failure: String| Outcome {
            warnings: Vec::new(),
            failures: vec![failure],
            delivered: serde_json::Value::Null,
        };
        let checked = match ProviderFile::parse(self.name.parse().unwrap(), &self.name, &text) {
            Ok(checked) => checked,
            Err(findings) => return refused(findings.to_string()),
        };
        let recording = self.recording.clone();
        let report = match play(Play { file: &checked.file, recording, config: Default::default() }).await {
            Ok(report) => report,
            Err(error) => return refused(error.to_string()),
        };
        let missing = report.missing.iter().map(|name| format!("{name} is missing"));
        Outcome {
            warnings: checked.warnings.iter().map(|warning| warning.message.clone()).collect(),
            failures: report.failures.iter().cloned().chain(missing).collect(),
            delivered: serde_json::json!([report.server, report.after_refresh]),
        }
    }

    /// Whether one can tell that the key is gone.
    async fn proves(&mut self, key: &str) -> bool {
        for form in cut::without(&self.file, key) {
            if self.play(&form).await != self.outcome().await {
                return true;
            }
        }
        false
    }
}

#[tokio::test]
async fn each_key_makes_a_difference_to_a_file_that_sets_it() {
    let apart: BTreeSet<_> = FOR_READERS.into_iter().chain(ELSEWHERE.map(|(key, _)| key)).collect();
    let mut samples = Sample::all();
    assert_eq!(samples[0].outcome().await.failures, [""; 0]);
    let mut unproven = Vec::new();
    let keys = cut::keys(&schema());
    // A sign-in in a window is no flow that could be played.
    let in_a_window = |key: &String| key.split('.').next() == Some("browser");
    for key in keys.iter().filter(|key| !apart.contains(key.as_str()) && !in_a_window(key)) {
        let mut proven = false;
        for sample in &mut samples {
            proven = proven || sample.proves(key).await;
        }
        if !proven {
            unproven.push(key);
        }
    }
    assert!(
        unproven.is_empty(),
        "no play tells that one of these is gone; let demands.toml or a reply show it, or name the test that does: {unproven:?}"
    );
}

#[test]
fn what_is_proven_elsewhere_is_a_key_and_has_a_test() {
    let keys = cut::keys(&schema());
    let mut sources = String::new();
    let crates = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders = vec![crates];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                sources += &fs::read_to_string(entry).unwrap();
            }
        }
    }
    for key in FOR_READERS.into_iter().chain(ELSEWHERE.map(|(key, _)| key)) {
        assert!(keys.iter().any(|known| known == key), "{key} is no key");
    }
    for (key, test) in ELSEWHERE {
        assert!(sources.contains(&format!("fn {test}()")), "{key}: there is no test {test}");
    }
}
