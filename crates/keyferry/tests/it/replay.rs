//! Each built-in provider, played against a stand-in that demands what its service demands and answers as it does.

use std::{fs, path::PathBuf};

use keyferry::replay::{Play, Report, play};
use keyferry_core::provider::{ProviderFile, ProviderSet};
use keyferry_sandbox::stand_in::Recording;

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
