//! A client that is not ours: what it is run with, and what it must have seen.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::Stage;
use crate::support::Ran;

/// How a client reaches the servers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Over {
    /// Streamable HTTP, below the app's address.
    Http(&'static str),
    /// `keyferry bridge` with these arguments, which the client starts.
    Bridge(&'static [&'static str]),
}

impl Stage {
    /// Runs a client to its end, and reads what it saw.
    pub(super) fn seen_by(&self, program: &[String], over: Over, mode: &str) -> Value {
        let mut command = Command::new(&program[0]);
        command.args(&program[1..]).env("MODE", mode);
        match over {
            Over::Http(path) => command.env("URL", self.url(path)).env("TOKEN", self.token()),
            Over::Bridge(arguments) => {
                let bridge = [&[env!("CARGO_BIN_EXE_keyferry"), "bridge"], arguments].concat();
                command.env("COMMAND", json!(bridge).to_string())
            }
        };
        let ran = self.run(command);
        let seen = serde_json::from_str(&ran);
        seen.unwrap_or_else(|_| panic!("{program:?} {over:?} {mode}: {ran}"))
    }

    /// Runs a program in the world of the stage, which must work. Answers what it printed.
    pub(super) fn run(&self, command: Command) -> String {
        let shown = format!("{command:?}");
        let ran = self.ran(command);
        assert_eq!(ran.code, 0, "{shown}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// Runs a program in the world of the stage.
    pub(super) fn ran(&self, mut command: Command) -> Ran {
        let ours = self.world.command(&[]);
        for (name, value) in ours.get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        let ran = command.current_dir(self.world.home.path()).stdin(Stdio::null()).output().unwrap();
        self.world.ran(ran)
    }
}

fn text<'s>(seen: &'s Value, name: &str) -> &'s str {
    seen[name].as_str().unwrap_or_else(|| panic!("{name} in {seen:#}"))
}

fn has(seen: &Value, list: &str, name: &str) -> bool {
    seen[list].as_array().unwrap().iter().any(|one| one.as_str().is_some_and(|one| one.ends_with(name)))
}

/// What a client saw of npm's server that has everything: all that it would have seen without a gateway between.
pub(super) fn use_everything(seen: &Value) {
    assert!(has(seen, "tools", "trigger-sampling-request"), "{seen:#}");
    assert!(has(seen, "prompts", "args-prompt"), "{seen:#}");
    assert!(has(seen, "resources", "demo://resource/static/document/features.md"), "{seen:#}");
    assert!(has(seen, "templates", "demo://resource/dynamic/blob/{resourceId}"), "{seen:#}");
    assert_eq!(text(seen, "echo"), "Echo: hello");
    assert_eq!(seen["structured"]["humidity"], 82, "{seen:#}");
    assert_eq!(text(seen, "long"), "Long running operation completed. Duration: 0.3 seconds, Steps: 3.");
    // The last report and the answer leave the server at once, and some clients forget a call's reports with its answer.
    let progress: Vec<_> =
        seen["progress"].as_array().unwrap().iter().map(|step| step.as_f64().unwrap()).collect();
    assert!([1.0, 2.0, 3.0].starts_with(&progress) && progress.len() >= 2, "{seen:#}");
    assert!(text(seen, "elicited").contains("User provided the requested information"), "{seen:#}");
    assert!(text(seen, "sampled").contains("I am a model."), "{seen:#}");
    assert!(text(seen, "roots").contains("file:///ann"), "{seen:#}");
    assert!(has(seen, "asked", "Please provide inputs for the following fields:"), "{seen:#}");
    assert!(has(seen, "asked", "Who are you?"), "{seen:#}");
    assert_eq!(text(seen, "prompt"), "Please promote Alice to the head of the Engineering team.");
    assert!(text(seen, "read").starts_with("Resource 1: This is a plaintext resource"), "{seen:#}");
}

/// What a client saw of the reference server: errors, messages of the log in order, and that a call which it gave up was ended.
pub(super) fn use_reference(seen: &Value) {
    let logged = ["Tool execution started", "Tool processing data", "Tool execution completed"];
    assert_eq!(seen["logged"], json!(logged), "{seen:#}");
    assert!(has(seen, "tools", "json_schema_2020_12_tool"), "{seen:#}");
    assert_ne!(seen["failed"], json!(false), "{seen:#}");
    assert_eq!(seen["cancelled"], "cancelled", "{seen:#}");
}
