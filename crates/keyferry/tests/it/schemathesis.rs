//! Both APIs under schemathesis, which makes up requests from `/openapi.json` and holds the answers against it: no failure inside, no
//! status, type or shape that the description does not have.

use std::{path::PathBuf, process::Command};

use crate::support::World;

/// How long one run takes at most, in seconds.
const LONGEST: &str = "40";

/// The program. None where it is not installed, which is said; in CI that is a failure, for nobody reads what is said there.
fn program() -> Option<PathBuf> {
    let program =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/schemathesis/.venv/bin/schemathesis");
    if program.exists() {
        return Some(program);
    }
    println!("not run: schemathesis is not installed; see `cargo xtask setup`");
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "not run in CI: schemathesis is not installed");
    None
}

/// Runs it against an API, and says what it found.
fn judge(world: &World, program: &PathBuf, url: &str, further: &[&str]) {
    let mut command = Command::new(program);
    command.arg("run").arg(format!("{url}/openapi.json")).args(["--max-time", LONGEST, "--workers", "1"]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--no-color"]);
    // The same requests in every run.
    command.args(["--seed", "1", "--generation-deterministic"]);
    command.args(["--request-timeout", "35", "--continue-on-failure", "--warnings", "off"]).args(further);
    command.current_dir(world.home.path()).env_clear().env("HOME", world.home.path());
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    let ran = world.ran(command.output().unwrap());
    println!("{}", ran.stdout);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_app_answers_whatever_its_description_allows_as_it_says() {
    let Some(program) = program() else { return };
    let world = World::new().await;
    let proxy = world.proxy();
    let app = world.app();
    assert_eq!(world.install().await.code, 0);
    let token = std::fs::read_to_string(world.path("data/api-token")).unwrap();
    let header = format!("Authorization: Bearer {}", token.trim());
    let checks = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth";
    // A stream of events has no end.
    let further = ["--header", header.as_str(), "--checks", checks, "--exclude-path", "/api/v1/events"];
    judge(&world, &program, &app.url, &further);
    assert_eq!(app.end(&world), 0);
    assert_eq!(proxy.end(&world), 0);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_proxy_answers_whatever_its_description_allows_as_it_says() {
    let Some(program) = program() else { return };
    let world = World::new().await;
    let proxy = world.proxy();
    let checks =
        "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance";
    judge(&world, &program, &proxy.url, &["--checks", checks]);
    assert_eq!(proxy.end(&world), 0);
    world.end().await;
}
