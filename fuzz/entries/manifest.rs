//! What holds for any text that is taken for a manifest.

use keyferry_core::manifest::{
    Manifest, Server, Settings, Surroundings, check as findings, display_command, display_placeholders,
};

pub(crate) fn check(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let found = findings("m.json", text, ["sandbox"]);
    found.iter().for_each(|one| assert!(one.line <= text.split('\n').count(), "{one}"));
    let manifest = match Manifest::parse("m.json", text) {
        Ok(checked) => checked.manifest,
        Err(errors) => {
            assert!(errors.has_errors() && found.has_errors(), "refused without an error");
            return;
        }
    };
    assert!(!found.has_errors(), "{found}");
    assert!(!manifest.title().chars().any(char::is_control), "{:?}", manifest.title());
    let surroundings = Surroundings { server_folder: Some("/srv/m".to_owned()), ..Surroundings::default() };
    let settings = Settings::validate(&manifest.user_config, []);
    match (&manifest.server, settings) {
        (Server::Local(local), settings) => {
            let spec = settings.ok().and_then(|settings| local.launch(&settings, &surroundings).ok());
            for shown in spec.iter().map(display_command).chain(display_placeholders(local)) {
                assert!(!shown.chars().any(deceives), "{shown:?}");
            }
        }
        (Server::Remote(remote), Ok(settings)) => {
            if let Ok(endpoint) = remote.endpoint(&settings, &surroundings) {
                assert!(endpoint.url().username().is_empty() && endpoint.url().fragment().is_none());
            }
        }
        (Server::Remote(_), Err(_)) => {}
    }
}

/// A character that moves the cursor, or turns the direction of what is shown.
fn deceives(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
