//! What a person is told before the window opens: what will be read, where it goes, and what it can do.

use keyferry_core::{
    delivery::EnvName,
    provider::{BrowserSource, ProviderFile},
};

/// The text, a line each. None where one does not sign in in a window. `kept` is whether the window knows the person still.
#[must_use]
pub fn told(file: &ProviderFile, kept: bool) -> Vec<String> {
    let Some(browser) = file.browser() else { return Vec::new() };
    let name = &file.display_name;
    let read: Vec<_> = browser.tokens.iter().map(|token| what(token.name.as_str(), &token.source)).collect();
    let places: Vec<_> = browser.allow_hosts.iter().map(keyferry_core::provider::Place::text).collect();
    let variables = file.env.keys().map(EnvName::to_string);
    let gets: Vec<_> = variables.chain(file.files.iter().map(|file| file.path.to_string())).collect();
    let mut lines = vec![
        format!(
            "{name}: a window of your own browser opens at {}. It can go to these hosts alone: {}.",
            browser.login_url.url().host_str().unwrap_or_default(),
            places.join(", ")
        ),
        format!("Once you are signed in and it shows {}, these are read from it: {}.", browser.extract_on.as_str(), read.join("; ")),
        format!(
            "They go into the vault on this machine, and from there to the servers that use this account, as {}. Keyferry sends them nowhere else.",
            if gets.is_empty() { "nothing yet".to_owned() } else { gets.join(", ") }
        ),
        "This is a session token, not an OAuth grant: it has no scopes, so whoever holds it can do there what you can do. It can't be revoked from here; sign out at the service to end it.".to_owned(),
        "The service's terms, or your employer's rules, may forbid this use.".to_owned(),
    ];
    if kept {
        lines.push("You stayed signed in there: the window may read all this and close before you have done anything.".to_owned());
    }
    lines.extend(
        file.notes
            .iter()
            .flat_map(|notes| notes.lines())
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .map(str::to_owned),
    );
    lines
}

fn what(name: &str, source: &BrowserSource) -> String {
    let name = if name == "access_token" { "the token" } else { name };
    match source {
        BrowserSource::LocalStorage(key) => format!("{name}, from `{key}` in the page's local storage"),
        BrowserSource::SessionStorage(key) => format!("{name}, from `{key}` in the page's session storage"),
        BrowserSource::Cookie(cookie) => format!("{name}, from the cookie `{cookie}`"),
        BrowserSource::Script(_) => format!("{name}, by a script of the provider file"),
    }
}

#[cfg(test)]
mod tests {
    use keyferry_core::provider::ProviderSet;

    use super::*;

    #[test]
    fn the_person_is_told_what_is_read_where_it_goes_and_what_it_can_do() {
        let files = ProviderSet::builtin().unwrap();
        let browsers: Vec<_> = files.iter().filter(|file| file.browser().is_some()).collect();
        assert!(browsers.len() >= 3);
        for file in browsers {
            let text = told(file, false).join("\n");
            let still = told(file, true);
            assert_eq!(still.len(), told(file, false).len() + 1, "{}", file.name);
            assert!(still.iter().any(|line| line.contains("stayed signed in")), "{}", file.name);
            for needed in [
                "session token",
                "no scopes",
                "can't be revoked from here",
                "terms",
                "the token, ",
                "into the vault on this machine",
                file.browser().unwrap().login_url.url().host_str().unwrap(),
            ] {
                assert!(text.contains(needed), "{}: {needed}: {text}", file.name);
            }
            for variable in file.env.keys() {
                assert!(text.contains(&variable.to_string()), "{}: {variable}", file.name);
            }
            let notes = file.notes.as_deref().unwrap();
            assert!(notes.lines().all(|line| text.contains(line.trim())), "{}", file.name);
        }
        assert!(told(files.get(&"jira".parse().unwrap()).unwrap(), true).is_empty());
    }
}
