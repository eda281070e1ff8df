//! A data folder on a disk that is read-only or full: real mounts, in a namespace of the program's own.

use std::{
    fs::File,
    io::{ErrorKind, Write as _},
    path::{Path, PathBuf},
};

use keyferry_sandbox::{Fault, Target};
use serde_json::Value;

use crate::support::{Service, World, after, mounted};

/// So small that a test fills it in no time.
const TINY: &str = "cp -a data kept; mount -t tmpfs -o size=1m,mode=700 none data; cp -a kept/. data";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_read_only_disk_nothing_is_spent_or_lost_and_it_is_told_what_to_do() {
    let world = World::new().await;
    let proxy = world.proxy();
    world.install().await;
    let id = world.connection();
    for (read_only, told) in [
        ("data", "KEYFERRY_HOME"),
        ("data/vault.db", "make the data folder and its files writable"),
        ("data/journal", "look at the free space and the permissions of the data folder"),
    ] {
        let script = format!("mount --bind {read_only} {read_only}; mount -o remount,bind,ro {read_only}");
        let refresh = ["connections", "refresh", &id];
        for arguments in [&refresh[..], &["app"]] {
            // With a database or a journal that it can't write, an app still serves what it can read.
            if arguments == ["app"] && read_only != "data" {
                continue;
            }
            let Some(mut command) = mounted(&script, &world.command(arguments)) else { return };
            let ran = world.ran(command.output().unwrap());
            assert!(ran.code == 1 && ran.stderr.contains(told), "{read_only}: {}", ran.stderr);
        }
        assert_eq!(world.sandbox.counters().refresh_requests, 0, "{read_only}");
        assert_eq!(world.connection(), id, "{read_only}");
    }
    assert_eq!(world.run(&["connections", "refresh", &id]).code, 0);
    assert_eq!(world.sandbox.counters().refresh_requests, 1);
    proxy.end(&world);
    world.end().await;
}

/// An app whose data folder is a tiny disk.
struct Tiny {
    app: Service,
    data: PathBuf,
    id: String,
}

impl Tiny {
    async fn start(world: &World) -> Option<Self> {
        world.install().await;
        let id = world.connection();
        let app = Service::start(mounted(TINY, &world.command(&["app"]))?);
        // The namespace as its process sees it.
        let data = world.path("data");
        let data = Path::new(&format!("/proc/{}/root", app.pid())).join(data.strip_prefix("/").unwrap());
        Some(Self { app, data, id })
    }

    fn filler(&self) -> PathBuf {
        self.data.join("filler")
    }

    /// Takes all the room there is.
    fn fill_up(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        let error = std::iter::repeat_with(|| filler.write_all(&[0; 4096])).find_map(Result::err).unwrap();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }

    async fn refresh(&self) -> (u16, Value) {
        refresh(&self.app.url, &self.data, &self.id).await.unwrap()
    }
}

/// The answer to a refresh, where the app lives long enough to give one.
async fn refresh(app: &str, data: &Path, id: &str) -> Option<(u16, Value)> {
    let token = std::fs::read_to_string(data.join("api-token")).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(format!("{app}/api/v1/connections/{id}/refresh"));
    let reply = request.bearer_auth(token.trim()).json(&serde_json::json!({})).send().await.ok()?;
    Some((reply.status().as_u16(), reply.json().await.ok()?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_no_token_is_spent_and_all_goes_on_when_there_is_room_again() {
    let world = World::new().await;
    let proxy = world.proxy();
    let Some(tiny) = Tiny::start(&world).await else { return };
    for refreshes in 0..3 {
        tiny.fill_up();
        let (status, problem) = tiny.refresh().await;
        assert_eq!(status, 500, "{problem}");
        assert!(problem["hint"].as_str().unwrap().contains("space"), "{problem}");
        assert_eq!(world.sandbox.counters().refresh_requests, refreshes, "nothing was sent");
        tiny.free();
        let (status, answer) = tiny.refresh().await;
        assert_eq!(status, 200, "{answer}");
    }
    let counts = world.sandbox.counters();
    assert_eq!((counts.refresh_requests, counts.refresh_tokens_reused), (3, 0));
    assert_eq!(tiny.app.end(&world), 0);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_while_the_provider_answers_loses_no_token() {
    let world = World::new().await;
    let proxy = world.proxy();
    let Some(tiny) = Tiny::start(&world).await else { return };
    world.sandbox.faults().once(Target::Token, Fault::Slow { milliseconds: 400 });
    let filled = async {
        while world.sandbox.counters().refresh_requests == 0 {
            tokio::task::yield_now().await;
        }
        tiny.fill_up();
    };
    let ((status, answer), ()) = tokio::join!(tiny.refresh(), filled);
    assert_eq!(status, 200, "it is kept in the room that was reserved for it: {answer}");
    // It can't be saved, so the next one is not spent.
    let (_, _) = tiny.refresh().await;
    assert_eq!(world.sandbox.counters().refresh_requests, 1);
    tiny.free();
    for _ in 0..2 {
        let (status, answer) = tiny.refresh().await;
        assert_eq!(status, 200, "{answer}");
    }
    let counts = world.sandbox.counters();
    assert!(counts.refresh_requests >= 2 && counts.refresh_tokens_reused == 0, "{counts:?}");
    assert_eq!(tiny.app.end(&world), 0);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_the_kernel_ends_at_any_write_loses_no_grant() {
    let world = World::new().await;
    let proxy = world.proxy();
    world.install().await;
    let id = world.connection();
    let asked = || world.sandbox.counters().refresh_requests;
    let mut found_again = 0;
    for blocks in (80..130).step_by(5) {
        // Its files grow with each refresh, until the kernel ends it.
        let app = Service::start(after(&format!("ulimit -f {blocks}"), &world.command(&["app"])));
        let mut before = asked();
        while refresh(&app.url, &world.path("data"), &id).await.is_some() {
            before = asked();
        }
        assert_eq!(app.wait(&world), -1, "a signal ended it");
        let sent = asked() - before;
        // Whoever comes next finds the connection whole, and its grant alive.
        let ran = world.run(&["connections", "refresh", &id]);
        assert_eq!(ran.code, 0, "{blocks}: {}", ran.stderr);
        found_again += u32::from(sent == 1 && asked() - before == 1);
    }
    assert!(found_again > 0, "none was cut off between the reply and its save");
    assert_eq!(world.sandbox.counters().refresh_tokens_reused, 0);
    proxy.end(&world);
    world.end().await;
}
