#![cfg(unix)]

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

/// A home with the folders that clients make.
struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.0.path().join("data")).unwrap();
        for folder in [
            ".cursor",
            ".config/Code/User",
            ".codeium/windsurf",
            ".config/zed",
            ".codex",
            ".gemini",
            ".config/Claude",
        ] {
            fs::create_dir_all(home.0.path().join(folder)).unwrap();
        }
        home
    }

    fn clients(&self) -> Clients {
        Clients::open(Parts {
            folder: self.0.path().join("data/clients"),
            data_folder: None,
            program: "/opt/keyferry".into(),
            environment: vec![("HOME".into(), self.0.path().into())],
            platform: Platform::Linux,
            clock: Clock::system(),
            entropy: Entropy::system(),
        })
    }

    fn file(&self, name: ClientName) -> PathBuf {
        self.clients().path(name).unwrap()
    }

    fn backups(&self, name: ClientName) -> usize {
        let folder = self.file(name);
        let entries = fs::read_dir(folder.parent().unwrap()).unwrap();
        entries
            .filter(|entry| {
                entry.as_ref().unwrap().file_name().to_string_lossy().contains(".before-keyferry-")
            })
            .count()
    }
}

const COMMENTED: &str = "\u{feff}// mine\r\n{\r\n\t\"theme\": \"dark\", // why not\r\n\t\"mcpServers\": {\r\n\t\t/* first */ \"other\": { \"command\": \"x\", },\r\n\t},\r\n\t\"z\": [1,2 ,3],\r\n}\r\n";

#[test]
fn an_entry_is_put_into_every_clients_file_and_nothing_else_changes() {
    let texts = [
        "{}",
        "{\n  \"a\": 1\n}\n",
        "{\"mcpServers\":{}}",
        COMMENTED,
        "{ \"context_servers\": {\"a\": {}}, \"servers\": {\"b\": {}} }",
    ];
    for name in ClientName::ALL.into_iter().filter(|name| *name != ClientName::Codex) {
        for text in texts {
            let home = Home::new();
            fs::write(home.file(name), text).unwrap();
            let connected = home.clients().connect(name, None).unwrap();
            assert!(connected.changed);
            let written = fs::read_to_string(home.file(name)).unwrap();
            // What is left when our lines go is what was there.
            let table = match name {
                ClientName::Vscode => "servers",
                ClientName::Zed => "context_servers",
                _ => "mcpServers",
            };
            let value = parsed(&written);
            let entry = &value[table]["keyferry"];
            assert_eq!(entry["command"], "/opt/keyferry", "{name}: {written}");
            assert_eq!(entry["args"], json!(["bridge", "--client", name.as_str()]));
            let mut others = value.clone();
            others[table].as_object_mut().unwrap().remove("keyferry");
            let mut before = parsed(text);
            if before.get(table).is_none() {
                before[table] = json!({});
            }
            assert_eq!(others, before, "{name}: {written}");
            for line in text.lines().filter(|line| line.contains("//") || line.contains("/*")) {
                assert!(
                    written.contains(line.trim_end_matches(['}', ',', ' '])),
                    "{line} is gone: {written}"
                );
            }
            assert_eq!(text.contains("\r\n"), written.contains("\r\n"));
            assert_eq!(fs::read_to_string(connected.backup.unwrap()).unwrap(), text);
        }
    }
}

fn parsed(text: &str) -> Value {
    let root =
        jsonc_parser::cst::CstRootNode::parse(text.trim_start_matches('\u{feff}'), &Default::default());
    root.unwrap().to_serde_value().unwrap()
}

#[test]
fn what_was_written_is_undone_to_the_byte() {
    for name in ClientName::ALL {
        let text = if name == ClientName::Codex {
            "# mine\nmodel = \"x\"  # best\n\n[mcp_servers.a]\ncommand = \"y\"\n"
        } else {
            COMMENTED
        };
        let home = Home::new();
        fs::write(home.file(name), text).unwrap();
        fs::set_permissions(home.file(name), fs::Permissions::from_mode(0o640)).unwrap();
        let clients = home.clients();
        clients.connect(name, None).unwrap();
        assert!(
            !clients.connect(name, None).unwrap().changed,
            "{name}: the second time there is nothing to do"
        );
        // Another server than before: ours is replaced, and the first backup is still the one to go back to.
        assert!(clients.connect(name, Some(&"notes".parse().unwrap())).unwrap().changed);
        assert!(fs::read_to_string(home.file(name)).unwrap().contains("\"notes\""));
        let mode = fs::metadata(home.file(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o640, "{name}");
        // As another process would.
        let undone = home.clients().disconnect(name).unwrap();
        assert!(undone.restored && undone.was_connected);
        assert_eq!(fs::read_to_string(home.file(name)).unwrap(), text, "{name}");
        assert!(!home.clients().disconnect(name).unwrap().was_connected);
    }
}

#[test]
fn a_file_that_was_not_there_is_not_there_again() {
    let home = Home::new();
    let connected = home.clients().connect(ClientName::Cursor, None).unwrap();
    assert!(connected.backup.is_none() && connected.changed);
    home.clients().disconnect(ClientName::Cursor).unwrap();
    assert!(!home.file(ClientName::Cursor).exists());
    assert_eq!(home.backups(ClientName::Cursor), 0);
}

#[test]
fn what_others_wrote_since_stays_when_our_entry_goes() {
    for (name, before, later) in [
        (ClientName::Cursor, "{\n  \"a\": 1\n}\n", "\"a\": 2"),
        (ClientName::Codex, "a = 1\n\n[b]\nc = \"d\" # e\n", "a = 2"),
    ] {
        let home = Home::new();
        fs::write(home.file(name), before).unwrap();
        home.clients().connect(name, None).unwrap();
        let was = if name == ClientName::Codex { "a = 1" } else { "\"a\": 1" };
        let changed = fs::read_to_string(home.file(name)).unwrap().replace(was, later);
        fs::write(home.file(name), &changed).unwrap();
        let undone = home.clients().disconnect(name).unwrap();
        assert!(!undone.restored && undone.was_connected);
        let left = fs::read_to_string(home.file(name)).unwrap();
        assert!(left.contains(later) && !left.contains("keyferry"), "{left}");
        assert!(home.backups(name) > 0);
    }
}

#[test]
fn codex_gets_its_entry_in_toml_with_all_else_as_it_was() {
    let text = "# mine\nmodel = \"x\"  # best\n\n[mcp_servers.a]\ncommand = \"y\"\n\n[profiles.p]\nz = 1\n";
    let home = Home::new();
    fs::write(home.file(ClientName::Codex), text).unwrap();
    home.clients().connect(ClientName::Codex, None).unwrap();
    let written = fs::read_to_string(home.file(ClientName::Codex)).unwrap();
    let ours =
        "[mcp_servers.keyferry]\ncommand = \"/opt/keyferry\"\nargs = [\"bridge\", \"--client\", \"codex\"]\n";
    assert!(written.contains(ours), "{written}");
    assert_eq!(written.replace(ours, "").replace("\n\n\n", "\n\n").trim_end(), text.trim_end());
}

#[test]
fn a_file_that_can_not_be_read_is_left_alone_and_the_place_told() {
    for (name, text, told) in [
        (ClientName::Cursor, "{ \"a\": 1 \"b\" }", "no JSON"),
        (ClientName::Cursor, "[]", "no object"),
        (ClientName::Cursor, "{ \"mcpServers\": [] }", "`mcpServers` is no object"),
        (ClientName::Cursor, "{ \"mcpServers\": {}, \"mcpServers\": {} }", "twice"),
        (ClientName::Codex, "a = ", "no TOML"),
        (ClientName::Codex, "mcp_servers = 1", "no table"),
    ] {
        let home = Home::new();
        fs::write(home.file(name), text).unwrap();
        let error = home.clients().connect(name, None).unwrap_err();
        assert!(error.to_string().contains(told), "{error}");
        assert!(error.to_string().contains(&*home.file(name).to_string_lossy()));
        assert_eq!(fs::read_to_string(home.file(name)).unwrap(), text);
        assert_eq!((home.backups(name), home.clients().tokens().has(name)), (0, false));
    }
}

#[test]
fn a_link_to_a_file_stays_one() {
    let home = Home::new();
    let kept = home.0.path().join("dotfiles.json");
    fs::write(&kept, "{}").unwrap();
    std::os::unix::fs::symlink(&kept, home.file(ClientName::Cursor)).unwrap();
    home.clients().connect(ClientName::Cursor, None).unwrap();
    assert!(fs::symlink_metadata(home.file(ClientName::Cursor)).unwrap().is_symlink());
    assert!(fs::read_to_string(&kept).unwrap().contains("keyferry"));
    home.clients().disconnect(ClientName::Cursor).unwrap();
    assert_eq!(fs::read_to_string(&kept).unwrap(), "{}");
}

#[test]
fn a_file_that_somebody_writes_meanwhile_is_not_overwritten() {
    let home = Home::new();
    let path = home.file(ClientName::Cursor);
    fs::write(&path, "{}").unwrap();
    let configuration = Configuration::read(&path).unwrap();
    fs::write(&path, "{\"theirs\": 1}").unwrap();
    assert!(matches!(configuration.replace("{\"ours\": 1}"), Err(ClientError::Changed(_))));
    assert_eq!(fs::read_to_string(&path).unwrap(), "{\"theirs\": 1}");
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left lying about");
}

#[test]
fn a_client_that_is_not_there_is_told_with_what_to_write() {
    let home = Home(tempfile::tempdir().unwrap());
    let error = home.clients().connect(ClientName::Zed, None).unwrap_err();
    assert!(matches!(error, ClientError::NotInstalled { .. }));
    assert!(error.hint().contains("keyferry connect zed --print"));
    let (_, shown) = home.clients().preview(ClientName::Zed, None).unwrap();
    assert!(shown.contains("context_servers") && shown.contains("bridge"), "{shown}");
}

#[test]
fn a_token_lets_its_client_in_until_it_is_taken_away() {
    let home = Home::new();
    let clients = home.clients();
    clients.connect(ClientName::Cursor, None).unwrap();
    clients.connect(ClientName::Zed, None).unwrap();
    let token = read_token(&home.0.path().join("data"), ClientName::Cursor).unwrap();
    let shown = token.expose_secret().as_bytes();
    assert_eq!(clients.tokens().find(shown), Some(ClientName::Cursor));
    assert_eq!(home.clients().tokens().find(shown), Some(ClientName::Cursor), "the next start knows it");
    assert!(!fs::read_to_string(home.file(ClientName::Cursor)).unwrap().contains(token.expose_secret()));
    clients.disconnect(ClientName::Cursor).unwrap();
    assert_eq!(clients.tokens().find(shown), None);
    assert_eq!(home.clients().tokens().find(shown), None);
    assert!(clients.tokens().has(ClientName::Zed));
    assert!(read_token(&home.0.path().join("data"), ClientName::Cursor).is_err());
}

#[test]
fn every_platform_has_a_place_for_each_client() {
    let places = |platform, variables: &[(&str, &str)]| {
        let variables: BTreeMap<_, _> = variables.iter().copied().collect();
        let find = |name: &str| variables.get(name).map(PathBuf::from);
        ClientName::ALL
            .map(|name| name.configuration(platform, &find).unwrap().to_string_lossy().into_owned())
    };
    assert_eq!(
        places(Platform::Linux, &[("HOME", "/h")]),
        [
            "/h/.config/Claude/claude_desktop_config.json",
            "/h/.claude.json",
            "/h/.cursor/mcp.json",
            "/h/.config/Code/User/mcp.json",
            "/h/.codeium/windsurf/mcp_config.json",
            "/h/.config/zed/settings.json",
            "/h/.codex/config.toml",
            "/h/.gemini/settings.json",
        ]
    );
    let moved =
        [("HOME", "/h"), ("XDG_CONFIG_HOME", "/c"), ("CODEX_HOME", "/x"), ("CLAUDE_CONFIG_DIR", "/d")];
    let moved = places(Platform::Linux, &moved);
    assert_eq!(
        (moved[0].as_str(), moved[1].as_str()),
        ("/c/Claude/claude_desktop_config.json", "/d/.claude.json")
    );
    assert_eq!((moved[5].as_str(), moved[6].as_str()), ("/c/zed/settings.json", "/x/config.toml"));
    let mac = places(Platform::Darwin, &[("HOME", "/h")]);
    assert_eq!(mac[0], "/h/Library/Application Support/Claude/claude_desktop_config.json");
    assert_eq!(mac[3], "/h/Library/Application Support/Code/User/mcp.json");
    assert_eq!(mac[5], "/h/.config/zed/settings.json");
    let windows = places(Platform::Win32, &[("USERPROFILE", "/u"), ("APPDATA", "/a")]);
    assert_eq!(
        (windows[0].as_str(), windows[1].as_str()),
        ("/a/Claude/claude_desktop_config.json", "/u/.claude.json")
    );
    assert_eq!(windows[5], "/a/Zed/settings.json");
    let nowhere = ClientName::Cursor.configuration(Platform::Win32, &|_| None).unwrap_err();
    assert!(nowhere.to_string().contains("USERPROFILE"), "{nowhere}");
}
