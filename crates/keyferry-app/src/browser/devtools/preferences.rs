//! What a profile says before the browser reads it.

use std::{fs, io, path::Path};

use serde_json::{Map, Value, json};

use crate::runtime::files::make_private;

/// The largest file of preferences that is kept on with. One that is larger, or broken, begins anew.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Written at each start: what the person has changed meanwhile does not stand against the rules.
fn wanted() -> Value {
    json!({
        // Never: a page that is fetched or connected to ahead of a navigation is fetched without asking the rules.
        "net": { "network_prediction_options": 2 },
        // Nothing of the last time is opened by itself, for it would be opened before the rules stand.
        "session": { "restore_on_startup": 5 },
        "profile": { "exit_type": "Normal", "password_manager_enabled": false },
        "credentials_enable_service": false,
        "browser": { "has_seen_welcome_page": true },
        "signin": { "allowed": false, "allowed_on_next_startup": false },
        "search": { "suggest_enabled": false },
        "alternate_error_pages": { "enabled": false },
        // The one scheme for which a browser starts another program without a question.
        "protocol_handler": { "excluded_schemes": { "mailto": true } },
    })
}

/// Puts them into a profile, beside what stands there.
pub(super) fn write(profile: &Path) -> io::Result<()> {
    let folder = profile.join("Default");
    make_private(&folder)?;
    let file = folder.join("Preferences");
    let small = fs::metadata(&file).is_ok_and(|metadata| metadata.len() <= LARGEST);
    let text = if small { fs::read(&file)? } else { Vec::new() };
    let mut all = match serde_json::from_slice(&text) {
        Ok(Value::Object(all)) => all,
        _ => Map::new(),
    };
    if let Value::Object(wanted) = wanted() {
        merge(&mut all, wanted);
    }
    // No secret; and the browser, which owns the file, writes it likewise.
    fs::write(&file, Value::Object(all).to_string())
}

fn merge(all: &mut Map<String, Value>, wanted: Map<String, Value>) {
    for (name, value) in wanted {
        match (all.get_mut(&name), value) {
            (Some(Value::Object(below)), Value::Object(wanted)) => merge(below, wanted),
            (_, value) => _ = all.insert(name, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_rules_need_stands_in_each_profile_and_the_rest_stays() {
        let profile = tempfile::tempdir().unwrap();
        let file = profile.path().join("Default/Preferences");
        let read = || -> Value { serde_json::from_slice(&fs::read(&file).unwrap()).unwrap() };
        write(profile.path()).unwrap();
        assert_eq!(read(), wanted());
        fs::write(&file, r#"{"net":{"network_prediction_options":0,"x":1},"session":7,"other":[1]}"#)
            .unwrap();
        write(profile.path()).unwrap();
        let now = read();
        assert_eq!(now["net"], json!({ "network_prediction_options": 2, "x": 1 }));
        assert_eq!((&now["session"], &now["other"]), (&wanted()["session"], &json!([1])));
        fs::write(&file, "{ broken").unwrap();
        write(profile.path()).unwrap();
        assert_eq!(read(), wanted());
    }
}
