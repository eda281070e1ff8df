//! `keyferry bridge`: an MCP client that starts its servers itself, as this test plays it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, ChildStdin, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{World, left_over, until};

/// Longer than anything takes.
const LIMIT: Duration = Duration::from_secs(60);

/// A bridge, with a client at its other end.
struct Bridge {
    child: Child,
    input: Option<ChildStdin>,
    output: Receiver<String>,
}

impl Bridge {
    fn start(world: &World, arguments: &[&str]) -> Self {
        let mut command = world.command(&[&["bridge"], arguments].concat());
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (send, output) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                _ = send.send(line);
            }
        });
        Self { child, input, output }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.input.as_mut().unwrap(), "{line}").unwrap();
    }

    /// The next line that is such a message.
    fn hear(&self, is_it: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.output.recv_timeout(LIMIT).unwrap();
            let message: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            assert_eq!(message["jsonrpc"], "2.0", "{line}");
            if is_it(&message) {
                return message;
            }
        }
    }

    fn ask(&mut self, id: &Value, method: &str, params: &Value) -> Value {
        self.say(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string());
        self.hear(|message| message["id"] == *id && message["method"].is_null())
    }

    fn open(&mut self) -> Value {
        let params = json!({
            "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "test", "version": "1" },
        });
        let answer = self.ask(&json!("first"), "initialize", &params);
        assert_eq!(answer["result"]["protocolVersion"], "2025-06-18", "{answer}");
        self.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        answer
    }

    fn tools(&mut self) -> Vec<String> {
        let answer = self.ask(&json!(77), "tools/list", &json!({}));
        let tools = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}"));
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// Closes the input, and waits for the end. What it printed beside messages.
    fn end(mut self, world: &World) -> i32 {
        drop(self.input.take());
        let output = self.child.wait_with_output().unwrap();
        world.note(&String::from_utf8(output.stderr).unwrap());
        output.status.code().unwrap_or(-1)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_carries_a_client_to_the_running_app_and_ends_with_it() {
    let world = World::new().await;
    let (proxy, app) = (world.proxy(), world.app());
    world.install().await;
    let mut one = Bridge::start(&world, &["sandbox-notes"]);
    one.open();
    assert!(one.tools().contains(&"list_notes".to_owned()));
    let answer = one.ask(&json!("call-1"), "tools/call", &json!({ "name": "list_notes", "arguments": {} }));
    assert!(answer["result"]["content"].is_array(), "{answer}");
    one.say("this is no JSON");
    assert_eq!(one.hear(|message| message["error"]["code"] == -32700)["id"], Value::Null);

    let mut all = Bridge::start(&world, &[]);
    assert_eq!(all.open()["result"]["serverInfo"]["name"], "keyferry");
    assert!(all.tools().contains(&"sandbox-notes__list_notes".to_owned()));

    std::fs::create_dir(world.path(".cursor")).unwrap();
    assert_eq!(world.run(&["connect", "cursor"]).code, 0);
    let mut cursor = Bridge::start(&world, &["--client", "cursor"]);
    cursor.open();
    assert!(cursor.tools().contains(&"sandbox-notes__list_notes".to_owned()));
    assert_eq!(cursor.end(&world), 0);
    let unknown = world.run(&["bridge", "--client", "zed"]);
    assert!(unknown.code == 1 && unknown.stderr.contains("keyferry connect zed"), "{}", unknown.stderr);

    let mut none = Bridge::start(&world, &["nothing"]);
    let answer = none.ask(&json!(1), "initialize", &json!({}));
    assert!(
        answer["error"]["message"].as_str().unwrap().contains("no server `nothing` is installed"),
        "{answer}"
    );
    for bridge in [one, all, none] {
        assert_eq!(bridge.end(&world), 0);
    }
    assert_eq!(app.end(&world), 0);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_app_the_first_bridge_runs_one_and_the_second_goes_on_with_its_own() {
    let world = World::new().await;
    let proxy = world.proxy();
    world.install().await;
    let mut first = Bridge::start(&world, &["sandbox-notes"]);
    first.open();
    let mut second = Bridge::start(&world, &[]);
    second.open();
    assert!(first.tools().contains(&"whoami".to_owned()));
    assert!(second.tools().contains(&"sandbox-notes__whoami".to_owned()));
    assert_eq!(first.end(&world), 0);
    assert!(second.tools().contains(&"sandbox-notes__whoami".to_owned()));
    assert_eq!(second.end(&world), 0);
    until("only the proxy is left", || left_over(world.home.path()) == [proxy.pid()]);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_notices_nothing_of_an_app_that_is_restarted() {
    let world = World::new().await;
    let (proxy, app) = (world.proxy(), world.app());
    world.install().await;
    let mut bridge = Bridge::start(&world, &["sandbox-notes"]);
    bridge.open();
    bridge.tools();
    assert_eq!(app.end(&world), 0);
    let app = world.app();
    assert!(bridge.tools().contains(&"whoami".to_owned()));
    assert_eq!(app.end(&world), 0);
    let app = world.app();
    // Without a question of its own it is told too.
    bridge.hear(|message| message["method"] == "notifications/tools/list_changed");
    assert_eq!(bridge.end(&world), 0);
    assert_eq!(app.end(&world), 0);
    proxy.end(&world);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_the_version_without_sessions_is_carried_too() {
    let world = World::new().await;
    let (proxy, app) = (world.proxy(), world.app());
    world.install().await;
    let mut bridge = Bridge::start(&world, &[]);
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let answer = bridge.ask(&json!(1), "server/discover", &json!({ "_meta": meta }));
    assert!(
        answer["result"]["supportedVersions"].as_array().unwrap().contains(&json!("2026-07-28")),
        "{answer}"
    );
    let params = json!({ "name": "sandbox-notes__whoami", "arguments": {}, "_meta": meta });
    let answer = bridge.ask(&json!(2), "tools/call", &params);
    assert!(answer["result"]["content"].is_array(), "{answer}");
    assert_eq!(bridge.end(&world), 0);
    assert_eq!(app.end(&world), 0);
    proxy.end(&world);
    world.end().await;
}
