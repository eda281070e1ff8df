//! Runs `docs/adding-providers.md` as it stands: its files are written as it shows them, its commands run as it says, with the sandbox
//! provider in the place of the page's imaginary service.

#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use crate::support::{Service, World};

/// One fenced block of the page.
struct Block {
    /// What follows the language: `file=NAME`, `run`, `fails`, `start` or `sign-in`.
    does: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/adding-providers.md");
    let page = fs::read_to_string(page).unwrap();
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if let Some(fence) = line.strip_prefix("```") {
            let text: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            let does = fence.split_once(' ').map_or("", |(_, does)| does).to_owned();
            blocks.push(Block { does, text: text.join("\n") });
        }
    }
    blocks
}

/// Whether the page shows the beginning and the end of an output, with its own service's address.
fn is_shown(output: &str, base_url: &str) -> bool {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/adding-providers.md");
    let page = fs::read_to_string(page).unwrap();
    let place = base_url.replace("http://", "https://");
    let lines: Vec<_> =
        output.replace(&place, "https://acme.example").lines().map(|line| format!("    {line}\n")).collect();
    page.contains(&lines[..9].concat()) && page.contains(&lines[lines.len() - 5..].concat())
}

/// What the page's `npx` would fetch: a server that reads the variable which the provider file names.
fn write_npx(world: &World) {
    let folder = world.path("bin");
    fs::create_dir_all(&folder).unwrap();
    let script = format!(
        "#!/bin/sh\nSANDBOX_ACCESS_TOKEN=\"$ACME_ACCESS_TOKEN\" SANDBOX_API_URL={} exec {} sandbox notes\n",
        world.sandbox.api_url(),
        env!("CARGO_BIN_EXE_keyferry")
    );
    fs::write(folder.join("npx"), script).unwrap();
    fs::set_permissions(folder.join("npx"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Splits a line of the page into variables and arguments; `keyferry` itself is left out.
fn words(line: &str) -> (Vec<(&str, &str)>, Vec<&str>) {
    let (variables, arguments): (Vec<_>, Vec<_>) =
        line.split_whitespace().partition(|word| word.starts_with("KEYFERRY_"));
    assert_eq!(arguments[0], "keyferry", "{line}");
    (variables.iter().map(|variable| variable.split_once('=').unwrap()).collect(), arguments[1..].to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_works_as_written() {
    let world = World::of_provider("acme").await;
    fs::remove_file(world.path("providers/sandbox.toml")).unwrap();
    write_npx(&world);
    let path = format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap());
    let mut services: Vec<Service> = Vec::new();
    let mut ran = 0;
    for block in blocks() {
        let text = block
            .text
            .replace("https://acme.example", world.sandbox.base_url())
            .replace("your-client-id", world.sandbox.client_id())
            .replace("your-client-secret", world.sandbox.client_secret().expose_secret());
        if let Some(name) = block.does.strip_prefix("file=") {
            fs::create_dir_all(world.path(name).parent().unwrap()).unwrap();
            fs::write(world.path(name), text).unwrap();
            continue;
        }
        let (variables, mut arguments) = words(&text);
        match block.does.as_str() {
            "start" => {
                if arguments == ["proxy", "--providers", "providers"] {
                    arguments.extend(["--listen", "127.0.0.1:0"]);
                }
                let mut command = world.command(&arguments);
                command.env_remove("KEYFERRY_PROVIDERS").envs(variables).env("PATH", &path);
                let service = Service::start(command);
                if arguments[0] == "proxy" {
                    world.use_proxy(&service.url);
                }
                services.push(service);
            }
            "run" => {
                let mut command = world.command(&arguments);
                let done = world.ran(command.env_remove("KEYFERRY_PROVIDERS").output().unwrap());
                assert_eq!(done.code, 0, "{text}: {}{}", done.stdout, done.stderr);
                for unwanted in ["not configured", "warning"] {
                    assert!(!done.stdout.contains(unwanted), "{text}: {}", done.stdout);
                }
            }
            "fails" => {
                let done = world.run(&arguments);
                assert_eq!(done.code, 1, "{text}: {}{}", done.stdout, done.stderr);
                assert!(
                    is_shown(&done.stdout, world.sandbox.base_url()),
                    "the page shows no such output: {}",
                    done.stdout
                );
            }
            "sign-in" => {
                let done = world.install_as(&arguments, true).await;
                assert_eq!(done.code, 0, "{text}: {}{}", done.stdout, done.stderr);
            }
            other => panic!("a block does {other:?}"),
        }
        ran += 1;
    }
    assert_eq!(ran, 8, "every command of the page was run");
    assert_eq!(world.sandbox.counters().code_requests, 1);
    assert!(world.sandbox.counters().api_requests >= 1);
    for service in services.into_iter().rev() {
        assert_eq!(service.end(&world), 0);
    }
    world.end().await;
}
