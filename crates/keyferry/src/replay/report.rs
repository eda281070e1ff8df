//! What a play tells.

use std::collections::BTreeMap;

use keyferry_sandbox::stand_in::SeenRequest;
use serde::Serialize;

use super::scene::Scene;

/// A play, told. It holds no secret.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The provider.
    pub provider: String,
    /// The steps that were played, in order.
    pub steps: Vec<Step>,
    /// What a server would get after the sign-in.
    pub server: Option<Delivered>,
    /// What it would get after a refresh.
    pub after_refresh: Option<Delivered>,
    /// Recorded replies that a step was left out for.
    pub missing: Vec<&'static str>,
    /// What is left out and stops nothing, such as a fact that did not come, a sentence each.
    pub notes: Vec<String>,
    /// What went wrong, a sentence each.
    pub failures: Vec<String>,
}

/// One step of a play.
#[derive(Debug, Serialize)]
pub struct Step {
    /// What it is.
    pub name: &'static str,
    /// What reached the service.
    pub requests: Vec<SeenRequest>,
    /// What came of it.
    pub outcome: String,
}

/// What a server would get. Each secret is named in its place.
#[derive(Debug, Serialize)]
pub struct Delivered {
    /// The account's label.
    pub account: Option<String>,
    /// Variables.
    pub env: BTreeMap<String, String>,
    /// Files.
    pub files: Vec<DeliveredFile>,
}

/// A file that a server would get.
#[derive(Debug, Serialize)]
pub struct DeliveredFile {
    /// Where.
    pub path: String,
    /// Its permissions, in octal digits.
    pub mode: String,
    /// What stands in it.
    pub content: String,
}

/// A report in the making.
pub(super) struct Story {
    report: Report,
    pub(super) server: Option<Delivered>,
    pub(super) refreshed: Option<Delivered>,
}

impl Story {
    pub(super) fn new(scene: &Scene) -> Self {
        let report = Report {
            provider: scene.file.name.to_string(),
            steps: Vec::new(),
            server: None,
            after_refresh: None,
            missing: Vec::new(),
            notes: Vec::new(),
            failures: Vec::new(),
        };
        Self { report, server: None, refreshed: None }
    }

    /// Keeps a step with what the stand-in saw of it. What the stand-in did not like goes before what it led to.
    pub(super) fn step<T>(
        &mut self,
        scene: &Scene,
        name: &'static str,
        result: Result<(T, String), String>,
    ) -> Option<T> {
        let requests = scene.stand_in.take_requests();
        let findings: Vec<_> = requests.iter().flat_map(|request| request.findings.clone()).collect();
        findings.iter().for_each(|finding| self.fail(name, finding));
        let (found, outcome) = match result {
            Ok((found, outcome)) => (Some(found), outcome),
            Err(error) => {
                if findings.is_empty() {
                    self.fail(name, &error);
                }
                (None, error)
            }
        };
        self.report.steps.push(Step { name, requests, outcome });
        found
    }

    pub(super) fn fail(&mut self, step: &str, sentence: &str) {
        self.report.failures.push(format!("{step}: {sentence}"));
    }

    /// Keeps what is left out, each sentence once.
    pub(super) fn note(&mut self, sentences: Vec<String>) {
        for sentence in sentences {
            if !self.report.notes.contains(&sentence) {
                self.report.notes.push(sentence);
            }
        }
    }

    /// Whether a reply was recorded; one that was not is told as missing.
    pub(super) fn has(&mut self, name: &'static str, recorded: bool) -> bool {
        if !recorded {
            self.report.missing.push(name);
        }
        recorded
    }

    pub(super) fn end(self) -> Report {
        Report { server: self.server, after_refresh: self.refreshed, ..self.report }
    }
}

impl Report {
    /// Whether all went well. Without callback and token reply there was nothing to go well.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        self.failures.is_empty()
            && !self.missing.iter().any(|name| ["callback.txt", "token.http"].contains(name))
    }
}
