use std::{fs, path::Path};

use super::*;

/// The settings of a folder with this `keyferry.toml`, these variables and these flags.
fn load(
    folder: &Path,
    file: &str,
    environment: &[(&str, &str)],
    flags: Flags,
) -> Result<Settings, SettingsError> {
    fs::write(folder.join(FILE_NAME), file).unwrap();
    let lookup =
        |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Settings::load(&flags.with_data_folder(Some(folder.to_owned())), &lookup)
}

fn refusal(file: &str, environment: &[(&str, &str)]) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let error = load(folder.path(), file, environment, Flags::none()).unwrap_err();
    let shown = error.to_string().replace(&*folder.path().to_string_lossy(), "");
    (shown, error.hint())
}

#[test]
fn nothing_given_means_the_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let settings = load(folder.path(), "", &[], Flags::none()).unwrap();
    assert_eq!(settings, Settings::defaults(folder.path().to_owned()));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:7667");
    assert_eq!(settings.proxy_url.as_str(), "http://127.0.0.1:7666");
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = "listen = '127.0.0.1:2001'\nproxy_url = 'http://127.0.0.1:2001'\nserver_call_limit = 9\n";
    let environment =
        [("KEYFERRY_LISTEN", "127.0.0.1:2002"), ("KEYFERRY_PROXY_URL", "http://127.0.0.1:2002")];
    let flags = Flags::none().with(Key::Listen, "--listen", Some("[::1]:2003"));
    let settings = load(folder.path(), file, &environment, flags).unwrap();
    assert_eq!(settings.listen.to_string(), "[::1]:2003");
    assert_eq!(settings.proxy_url.as_str(), "http://127.0.0.1:2002");
    assert_eq!(settings.server_call_limit, Duration::from_secs(9));
}

#[test]
fn every_key_can_be_given_in_the_file_and_as_its_variable() {
    let examples = [
        (Key::Listen, "[::1]:2000"),
        (Key::ProxyUrl, "https://proxy.example"),
        (Key::ProxyAccessKey, "canary-key"),
        (Key::Providers, "/providers"),
        (Key::CatalogSources, "https://example.com/catalog.json"),
        (Key::OpenBrowser, "false"),
        (Key::BrowserCommand, "brave"),
        (Key::ServerStartLimit, "1h"),
        (Key::ServerCallLimit, "15"),
        (Key::ServersRuntime, "container"),
        (Key::ContainersBaseImage, "registry.example/base:1"),
        (Key::ServerIdleLimit, "15"),
        (Key::VaultKey, "passphrase"),
        (Key::VaultPassphraseFile, "/run/passphrase"),
        (Key::VaultKeychainLimit, "5s"),
    ];
    assert_eq!(examples.map(|(key, _)| key), Key::ALL);
    for (key, text) in examples {
        let folder = tempfile::tempdir().unwrap();
        let mut by_file = load(folder.path(), &format!("{key} = '{text}'"), &[], Flags::none()).unwrap();
        let mut by_variable = load(folder.path(), "", &[(&key.variable(), text)], Flags::none()).unwrap();
        assert_eq!(by_file.origins.remove(&key), Some(Origin::File(folder.path().join(FILE_NAME), 1)));
        assert_eq!(by_variable.origins.remove(&key), Some(Origin::Variable(key.variable())));
        assert_eq!(by_file, by_variable, "{key}");
        assert_ne!(by_file, Settings::defaults(folder.path().to_owned()), "{key}");
    }
}

#[test]
fn folders_of_the_file_lie_in_the_data_folder_and_a_variable_holds_several() {
    let folder = tempfile::tempdir().unwrap();
    let settings = load(folder.path(), "providers = ['mine', '/abs']", &[], Flags::none()).unwrap();
    assert_eq!(settings.provider_folders, [folder.path().join("mine"), "/abs".into()]);
    let joined = std::env::join_paths(["/a", "/b"]).unwrap().into_string().unwrap();
    let settings = load(folder.path(), "", &[("KEYFERRY_PROVIDERS", &joined)], Flags::none()).unwrap();
    assert_eq!(settings.provider_folders, [PathBuf::from("/a"), "/b".into()]);
}

#[test]
fn sources_of_manifests_are_folders_and_urls() {
    let folder = tempfile::tempdir().unwrap();
    let shown =
        |settings: Settings| settings.catalog_sources.iter().map(ToString::to_string).collect::<Vec<_>>();
    let file = "[catalog]\nsources = ['mine', '/abs', 'http://127.0.0.1:8000/c.json']";
    let settings = load(folder.path(), file, &[], Flags::none()).unwrap();
    let mine = folder.path().join("mine").display().to_string();
    assert_eq!(shown(settings), [mine.as_str(), "/abs", "http://127.0.0.1:8000/c.json"]);
    let several = [("KEYFERRY_CATALOG_SOURCES", "/a, https://example.com/c.json ,")];
    let settings = load(folder.path(), "", &several, Flags::none()).unwrap();
    assert_eq!(shown(settings), ["/a", "https://example.com/c.json"]);
}

#[test]
fn a_refusal_names_the_place_and_what_to_write() {
    let table = [
        (
            "\n\nlisten_on = 'x'",
            "keyferry.toml:3: there is no setting \"listen_on\"",
            "did you mean `listen`?",
        ),
        ("xyz = 1", "keyferry.toml:1: there is no setting \"xyz\"", "the settings are listen, proxy_url"),
        ("listen = ", "keyferry.toml:1: this is not TOML", "a line looks like this"),
        ("listen = '0.0.0.0:7667'", "keyferry.toml:1: `listen` must be on loopback", "use 127.0.0.1:7667"),
        ("listen = '127.0.0.2:7667'", "must be on loopback", "use 127.0.0.1:7667"),
        ("listen = '[::ffff:127.0.0.1]:7667'", "must be on loopback", "use 127.0.0.1:7667"),
        ("listen = 'localhost:7667'", "is not an address and a port", "use 127.0.0.1:7667"),
        ("listen = '127.0.0.1:80'", "ports below 1024", "use 127.0.0.1:7667"),
        ("proxy_url = 'http://proxy.example'", "it must begin with https://", "use https://"),
        ("proxy_url = 'https://u:p@proxy.example'", "user name or password", "use https://"),
        ("open_browser = 'maybe'", "is neither true nor false", "write true or false"),
        ("server_call_limit = '0'", "is not a time from 1s to 1h", "write a number of seconds"),
        ("server_call_limit = '2h'", "is not a time from 1s to 1h", "write a number of seconds"),
        ("server_call_limit = '+5'", "is not a time from 1s to 1h", "write a number of seconds"),
        ("server_call_limit = '99999999999999999999h'", "is not a time", "write a number of seconds"),
        ("listen = ['127.0.0.1:1']", "can't have a value of this kind", "write it as text"),
        ("[listen]", "can't have a value of this kind", "write it as text"),
        (
            "[vault]\nkey = 'safe'",
            "keyferry.toml:2: `vault.key` names no place",
            "write keychain, passphrase or",
        ),
        (
            "[vault]\nkye = 'file'",
            "keyferry.toml:2: there is no setting \"vault.kye\"",
            "did you mean `vault.key`?",
        ),
        ("vault = 'file'", "keyferry.toml:1: there is no setting \"vault\"", ""),
        ("vault.key.x = 1", "`vault.key` can't have a value of this kind", "write it as text"),
        ("providers = [1]", "can't have a value of this kind", "providers = ["),
        ("providers = ['']", "names a folder that can't exist", "providers = ["),
        ("catalog = ['/a']", "there is no setting \"catalog\"", ""),
        ("[catalog]\nsources = ['http://a.example']", "`catalog.sources` names no source", "sources = ["),
    ];
    for (file, message, hint) in table {
        let (shown, hinted) = refusal(file, &[]);
        assert!(shown.contains(message), "{file:?} gave {shown:?}");
        assert!(hinted.contains(hint), "{file:?} gave the hint {hinted:?}");
    }
    let (shown, _) = refusal("", &[("KEYFERRY_LISTEN", "10.0.0.1:7667")]);
    assert!(shown.starts_with("KEYFERRY_LISTEN: `listen` must be on loopback"), "{shown}");
}

#[test]
fn a_settings_file_without_end_is_not_read_whole() {
    let (shown, _) = refusal(&"# comment\n".repeat(10_000), &[]);
    assert!(shown.contains("larger than"), "{shown}");
}

#[test]
fn the_data_folder_is_the_flag_else_the_variable_else_the_platforms_place() {
    let lookup = |name: &str| (name == HOME_VARIABLE).then(|| format!("/of/{name}"));
    let by_variable = Settings::load(&Flags::none(), &lookup).unwrap();
    assert_eq!(by_variable.data_folder, Path::new("/of/KEYFERRY_HOME"));
    let flags = Flags::none().with_data_folder(Some("/of/flag".into()));
    let by_flag = Settings::load(&flags, &|_| None).unwrap();
    assert_eq!(by_flag.data_folder, Path::new("/of/flag"));
    assert!(matches!(Settings::load(&Flags::none(), &|_| None), Err(SettingsError::NoHome { .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn on_linux_the_data_folder_follows_the_xdg_rule() {
    let table = [
        (&[("HOME", "/h"), ("XDG_DATA_HOME", "/x")][..], "/x/keyferry"),
        (&[("HOME", "/h"), ("XDG_DATA_HOME", "relative")][..], "/h/.local/share/keyferry"),
        (&[("HOME", "/h")][..], "/h/.local/share/keyferry"),
    ];
    for (environment, folder) in table {
        let lookup = |name: &str| {
            environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Settings::load(&Flags::none(), &lookup).unwrap().data_folder, Path::new(folder));
    }
}

#[test]
fn the_access_key_is_never_printed() {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        load(folder.path(), "", &[("KEYFERRY_PROXY_ACCESS_KEY", "canary-key")], Flags::none()).unwrap();
    assert!(!format!("{settings:?}").contains("canary"));
    let error =
        load(folder.path(), "", &[("KEYFERRY_PROXY_ACCESS_KEY", "canary key")], Flags::none()).unwrap_err();
    assert!(!format!("{error} {error:?} {}", error.hint()).contains("canary"), "{error:?}");
}

#[cfg(unix)]
#[test]
fn the_access_key_may_stand_in_a_file_that_nobody_else_can_read() {
    use std::os::unix::fs::PermissionsExt as _;

    const KEY: &str = "KEYFERRY_PROXY_ACCESS_KEY";
    const FILE: &str = "KEYFERRY_PROXY_ACCESS_KEY_FILE";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let named = path.to_str().unwrap();
    let with = |variables: &[(&str, &str)]| load(folder.path(), "", variables, Flags::none());
    let missing = with(&[(FILE, named)]).unwrap_err();
    assert!(
        missing.to_string().starts_with(&format!("{FILE} names {named}, which can't be used: ")),
        "{missing}"
    );
    for (text, key) in [
        ("canary-key\n", Some("canary-key")),
        ("canary-key\r\n", Some("canary-key")),
        ("canary-key", Some("canary-key")),
        ("canary-key\n\n", None),
        ("\n", None),
    ] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let loaded = with(&[(FILE, named)]);
        match (loaded, key) {
            (Ok(settings), Some(key)) => {
                assert_eq!(settings.proxy_access_key.as_ref().unwrap().expose_secret(), key, "{text:?}");
                assert_eq!(settings.origins[&Key::ProxyAccessKey], Origin::Variable(FILE.to_owned()));
            }
            (Err(error), None) => assert!(!error.to_string().contains("canary"), "{error}"),
            (loaded, _) => panic!("{text:?}: {loaded:?}"),
        }
    }
    fs::write(&path, "canary-key").unwrap();
    let both = with(&[(FILE, named), (KEY, "canary-key")]).unwrap_err();
    assert!(
        both.to_string()
            .starts_with("KEYFERRY_PROXY_ACCESS_KEY and KEYFERRY_PROXY_ACCESS_KEY_FILE are both set")
    );
    // As a Compose file or a unit leaves what was not given.
    let key_of = |variables: &[(&str, &str)]| {
        with(variables).unwrap().proxy_access_key.map(|key| key.expose_secret().to_owned())
    };
    assert_eq!(key_of(&[(FILE, named), (KEY, "")]).as_deref(), Some("canary-key"));
    assert_eq!(key_of(&[(FILE, ""), (KEY, "canary")]).as_deref(), Some("canary"));
    assert_eq!(key_of(&[(FILE, ""), (KEY, "")]), None);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let open = with(&[(FILE, named)]).unwrap_err();
    assert!(open.to_string().contains("others can read") && open.hint().contains("0600"), "{open}");
    // A setting that is no secret has no such variable.
    let of_no_secret = format!("{}_FILE", Key::ProxyUrl.variable());
    assert!(with(&[(&of_no_secret, named)]).is_ok());
}
