//! What whoever helps needs to know of an app, gathered for a person to look at and pass on.
//!
//! Nothing secret goes in: tokens and settings of servers have no place in its structs, names of accounts are left out, URLs end with
//! their path. What a program wrote by itself, its log and its errors, is masked where it looks like a secret; and so is, at last, every
//! text of the whole.

use keyferry_core::{manifest::Manifest, secret_pattern};
use serde_json::Value;
use url::Url;

use crate::{
    api::{
        ApiError,
        dto::{
            ConnectionFacts, ConnectionFailure, Diagnostics, EngineFacts, Problem, ServerFacts, SettingState,
        },
        settings, sources,
    },
    connections::Listed,
    engine::Engine,
    install::Uses,
    vault::{ConnectionRecord, ServerRecord},
};

/// Lines of each server's log.
const LINES: usize = 100;

/// All of it.
pub(crate) async fn report(engine: &Engine) -> Result<Value, ApiError> {
    let (settings, settings_problem) = settings_of(engine);
    let mut problems = engine.providers.now().problems().to_vec();
    let mut servers = Vec::new();
    for record in engine.vault.servers().await? {
        match record {
            Ok(record) => servers.push(server(engine, &record).await),
            Err(error) => problems.push(Problem::from(&error)),
        }
    }
    let Listed { readable, damaged } = engine.connections.list().await?;
    problems.extend(damaged.iter().map(Problem::from));
    let uses = Uses::read(engine).await?;
    let report = Diagnostics {
        made_at: engine.clock.now(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        started_at: engine.started_at,
        vault_key: engine.vault.key_description().to_owned(),
        settings,
        settings_problem,
        engine: containers(engine).await,
        proxy: settings::tried(engine, engine.settings.proxy_url.clone()).await?,
        servers,
        connections: readable.into_iter().map(|record| connection(engine, &uses, record)).collect(),
        sources: sources::all(engine).sources,
        problems,
    };
    let mut report = serde_json::to_value(report).map_err(|error| ApiError::internal(&error))?;
    clean(&mut report);
    Ok(report)
}

fn settings_of(engine: &Engine) -> (Vec<SettingState>, Option<Problem>) {
    match engine.settings.standing() {
        Ok(standing) => (standing.iter().map(settings::shown).collect(), None),
        Err(error) => {
            (Vec::new(), Some(Problem::new("bad_setting", error.to_string()).with_hint(error.hint())))
        }
    }
}

async fn containers(engine: &Engine) -> EngineFacts {
    match engine.containers.facts().await {
        Ok(facts) => EngineFacts {
            name: Some(facts.name.to_owned()),
            version: Some(facts.version),
            rootless: Some(facts.rootless),
            problem: None,
        },
        Err(error) => {
            EngineFacts { name: None, version: None, rootless: None, problem: Some(Problem::from(&error)) }
        }
    }
}

async fn server(engine: &Engine, record: &ServerRecord) -> ServerFacts {
    let status = engine.servers.status(&record.name);
    let manifest =
        Manifest::parse("the stored manifest", &record.manifest).map(|checked| checked.manifest).ok();
    let log = engine.servers.logs(&record.name, LINES).await;
    ServerFacts {
        name: record.name.to_string(),
        version: manifest.and_then(|manifest| manifest.version),
        state: format!("{:?}", status.state).to_lowercase(),
        runtime: record.runtime.to_string(),
        wanted: record.wanted,
        restarts: status.restarts,
        tool_count: status.tool_count,
        problem: status.problem.as_ref().map(Problem::from),
        log: log.unwrap_or_else(|error| vec![error.to_string()]),
    }
}

fn connection(engine: &Engine, uses: &Uses, record: ConnectionRecord) -> ConnectionFacts {
    let health = engine.connections.health(&record);
    let used = uses.of(&record.id);
    ConnectionFacts {
        id: record.id.to_string(),
        provider: record.provider.to_string(),
        state: record.state.as_str().to_owned(),
        health: health.word.as_str().to_owned(),
        missing_scopes: record.missing_scopes().iter().map(|scope| scope.as_str().to_owned()).collect(),
        failure: record.failure.map(|last| ConnectionFailure {
            code: last.code,
            class: last.failure.class.as_str().to_owned(),
            at: last.failure.at,
            count: last.failure.count,
        }),
        refreshed_at: record.refreshed_at,
        expires_at: record.tokens.expires_at,
        next_attempt_at: health.next_attempt_at,
        refreshable: record.tokens.refresh_token.is_some(),
        servers: used.servers.iter().map(ToString::to_string).collect(),
    }
}

/// Takes out of every text what has no business in it.
fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = cleaned(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(entries) => entries.values_mut().for_each(clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text without the queries of its URLs, in which some services want their keys, and with what looks like a secret masked.
fn cleaned(text: &str) -> String {
    let word = |word: &str| match word.find("://").and_then(|_| Url::parse(word).ok()) {
        Some(url) if url.query().is_some() || url.password().is_some() => {
            let end = word.find(['?', '#']).unwrap_or(word.len());
            format!("{}?[left out]", word.get(..end).unwrap_or_default())
        }
        _ => word.to_owned(),
    };
    let words: Vec<_> = text.split(' ').map(word).collect();
    String::from_utf8_lossy(&secret_pattern::mask(words.join(" ").as_bytes())).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_in_no_text_of_a_report() {
        let mut report = json!({
            "a": ["the catalog https://example.com/list.json?key=canary-1 is old"],
            "b": { "c": "Authorization: Bearer canary-token-2", "d": 3, "e": null },
            "f": "client_secret=canary-secret-3",
        });
        clean(&mut report);
        assert!(!report.to_string().contains("canary"), "{report}");
        assert!(report["a"][0].as_str().unwrap().starts_with("the catalog https://example.com/list.json?"));
        assert!(report["a"][0].as_str().unwrap().ends_with(" is old"));
    }

    #[test]
    fn what_is_no_secret_stays_word_for_word() {
        for text in ["http://127.0.0.1:7666", "a  b\nc", "/home/me/.local", "needs_sign_in", ""] {
            assert_eq!(cleaned(text), text);
        }
    }
}
