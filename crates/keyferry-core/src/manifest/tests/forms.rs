//! The forms that people write manifests in.

use serde_json::{Value, json};

use super::*;
use crate::scope::Scopes;

#[test]
fn the_flat_form_is_read_with_all_that_people_put_into_it() {
    let manifest = parse(&json!({
        "name": "company__jira-mcp-server", "display_name": "Jira MCP Server", "description": "Issues\nand boards",
        "author": { "name": "Company" }, "version": null, "keywords": ["jira"], "category": "Project management",
        "quality_score": 80, "readme": { "any": ["thing", null] }, "framework": null,
        "tools": [{ "name": "search", "description": "Finds issues", "input": {} }],
        "archestra_config": {
            "client_config_permutations": { "other": { "command": "rm", "args": ["-rf", "${workspaceFolder}"] } },
            "oauth": { "provider": "jira", "required": true },
            "browser_based": { "required": false },
            "works_in_archestra": true
        },
        "oauth_config": { "client_secret": "theirs", "token_endpoint": "https://evil.example" },
        "user_config": { "jira_url": { "type": "string", "title": "Address", "description": "…", "required": true } },
        "server": { "type": "local", "command": "npx", "args": ["-y", "jira-mcp", "--url", "${user_config.jira_url}"],
            "env": { "DEBUG": "0" }, "docker_image": "ghcr.io/company/jira-mcp:1.2", "docs_url": "https://example.com" }
    }));
    assert!(manifest.warnings.is_empty(), "{}", manifest.warnings);
    let manifest = manifest.manifest;
    assert_eq!(manifest.title(), "Jira MCP Server");
    assert_eq!(manifest.author.as_ref().unwrap().name, "Company");
    assert_eq!((manifest.version.as_deref(), manifest.tools.len(), manifest.keywords.len()), (None, 1, 1));
    assert_eq!(manifest.sign_in.oauth.provider().unwrap().as_str(), "jira");
    assert_eq!(manifest.sign_in.browser, Some(BrowserSignIn { provider: None, required: false }));
    let Server::Local(local) = &manifest.server else { panic!("remote") };
    assert_eq!(local.docker_image.as_deref(), Some("ghcr.io/company/jira-mcp:1.2"));
    assert_eq!(display_placeholders(local).unwrap(), "npx -y jira-mcp --url ${user_config.jira_url}");
    let printed = format!("{manifest:?}");
    assert!(!printed.contains("theirs") && !printed.contains("evil") && !printed.contains("rm"), "{printed}");
}

#[test]
fn the_bundle_form_is_read_in_each_of_its_versions() {
    for (key, version) in [
        ("dxt_version", "0.1"),
        ("manifest_version", "0.1"),
        ("manifest_version", "0.2"),
        ("manifest_version", "0.3"),
        ("manifest_version", "0.4"),
    ] {
        let mut bundle = json!({
            "name": "files", "version": "1.0.0", "description": "Files", "author": "Ada", "icon": "icon.png",
            "icons": [], "compatibility": { "platforms": ["linux"] }, "license": "MIT",
            "server": { "type": "node", "entry_point": "server/index.js", "mcp_config": {
                "command": "node", "args": ["${__dirname}/server/index.js", "${user_config.dirs}"],
                "env": { "MAX": "${user_config.max}" },
                "platform_overrides": { "win32": { "env": { "A": "1" } } } } },
            "user_config": {
                "dirs": { "type": "directory", "multiple": true, "required": true, "default": ["${HOME}/Desktop"] },
                "max": { "type": "number", "default": 10, "min": 1, "max": 100 } }
        });
        bundle[key] = version.into();
        let checked = parse(&bundle);
        assert!(checked.warnings.is_empty(), "{}", checked.warnings);
        assert_eq!(checked.manifest.author.unwrap().name, "Ada");
        assert_eq!(checked.manifest.icon.as_deref(), Some("icon.png"));
        let config = checked.manifest.user_config;
        assert_eq!(config.get("dirs").unwrap().default_json(), Some(json!(["${HOME}/Desktop"])));
        assert_eq!(config.get("max").unwrap().default_json(), Some(json!(10)));
    }
    assert!(error(&with("manifest_version", json!("0.5")).to_string()).contains("known are 0.1"));
}

#[test]
fn the_account_a_server_needs_is_read_in_every_form() {
    let remote = json!({ "type": "remote", "url": "https://mcp.example.com/mcp" });
    let local = json!({ "command": "c" });
    let oauth = |server: &Value, oauth: Value| {
        let manifest = json!({ "name": "a", "server": server, "archestra_config": { "oauth": oauth } });
        parse(&manifest).manifest.sign_in.oauth
    };
    let with_scopes = |required, scopes: &str| OauthSignIn::Provider {
        provider: "jira".parse().unwrap(),
        required,
        scopes: Scopes::from_reply(scopes),
    };
    let jira = |required| with_scopes(required, "");
    assert_eq!(oauth(&local, json!({ "provider": "jira", "required": true })), jira(true));
    assert_eq!(oauth(&remote, json!({ "provider": "jira", "required": false })), jira(false));
    assert_eq!(oauth(&local, json!({ "provider": null, "required": false })), OauthSignIn::None);
    assert_eq!(oauth(&remote, json!({ "provider": null, "required": true })), OauthSignIn::Discovery);
    let more = json!({ "provider": "jira", "required": true, "scopes": ["manage:jira-webhook", "x:y"] });
    assert_eq!(oauth(&local, more), with_scopes(true, "manage:jira-webhook x:y"));
    assert_eq!(oauth(&local, json!(null)), OauthSignIn::None);
    assert!(OauthSignIn::Discovery.is_required() && jira(true).is_required() && !jira(false).is_required());
    let nobody = with("archestra_config", json!({ "oauth": { "provider": null, "required": true } }));
    assert!(error(&nobody.to_string()).contains("names no provider"));
}

#[test]
fn every_built_in_manifest_is_without_findings() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog");
    let providers = crate::provider::ProviderSet::builtin().unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let known = providers.iter().map(|provider| provider.name.as_str());
        let found = check(&path.display().to_string(), &text, known);
        assert!(found.is_empty(), "{found}");
        names.push(Manifest::parse("m.json", &text).unwrap().manifest.name.to_string());
    }
    names.sort();
    assert!(names.contains(&"sandbox-notes".to_owned()) && names.len() >= 2, "{names:?}");
}
