//! Providers that the app has from its proxy, because no file of its own describes them.
//!
//! The proxy is trusted with codes and tokens, and with nothing else: what it tells is read by the rules of any provider file and by
//! the further ones here, and never takes the place of a file that is built in or the person's own.

use std::{collections::BTreeMap, sync::Arc};

use keyferry_core::{delivery::with_refresh_token, problem::Problem, provider::ProviderFile};

use crate::shelf::{self, LARGEST_FILE};

/// Where these files are from, as lists show it.
pub(super) const THE_PROXY: &str = "the proxy";

/// Far more providers than a proxy has that the app does not know.
pub(super) const MOST: usize = 1_000;

/// What the proxy told the last time, by name.
#[derive(Debug, Default)]
pub(super) struct Learned {
    told: BTreeMap<String, Arc<Told>>,
    /// How many more there were than are looked at.
    left_out: usize,
}

/// One provider as the proxy tells it.
#[derive(Debug)]
pub(super) struct Told {
    text: String,
    /// Its last good form, which may be older than its text.
    pub(super) good: Option<Arc<ProviderFile>>,
    /// Why its text is not taken.
    pub(super) problem: Option<Problem>,
}

// === impl Learned ===

impl Learned {
    /// Takes what the proxy tells now. `is_local` says that the proxy is on this machine's loopback.
    pub(super) fn replace(
        &mut self,
        files: impl IntoIterator<Item = (String, String)>,
        known: impl Fn(&str, &str) -> bool,
        is_local: bool,
    ) {
        let before = std::mem::take(self);
        for (name, text) in files {
            // One that the app has to the letter is nothing to learn.
            if known(&name, &text) {
                continue;
            }
            if self.told.len() >= MOST {
                self.left_out += 1;
                continue;
            }
            let told = match before.told.get(&name) {
                Some(told) if told.text == text => Arc::clone(told),
                old => Arc::new(Told::new(&name, text, old.and_then(|old| old.good.clone()), is_local)),
            };
            self.told.insert(name, told);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Told> {
        self.told.values().map(Arc::as_ref)
    }

    /// That there were too many.
    pub(super) fn problem(&self) -> Option<Problem> {
        let message = format!("the proxy tells of {} more providers than are looked at", self.left_out);
        (self.left_out > 0).then(|| Problem::new("too_many_providers", message))
    }
}

// === impl Told ===

impl Told {
    fn new(name: &str, text: String, last_good: Option<Arc<ProviderFile>>, is_local: bool) -> Self {
        match read(name, &text, is_local) {
            Ok(file) => Self { text, good: Some(Arc::new(file)), problem: None },
            Err(problem) => Self { text, good: last_good, problem: Some(problem) },
        }
    }
}

fn read(name: &str, text: &str, is_local: bool) -> Result<ProviderFile, Problem> {
    // A name that is none may be anything, and is not repeated.
    let shown = name.chars().take(60).filter(|letter| letter.is_ascii_alphanumeric() || *letter == '-');
    let shown = format!("{}.toml of the proxy", shown.collect::<String>());
    if u64::try_from(text.len()).is_ok_and(|length| length > LARGEST_FILE) {
        let message = format!("{shown} is larger than {LARGEST_FILE} bytes");
        return Err(Problem::new("provider_not_taken", message));
    }
    let file = shelf::parse(name, &shown, text).map_err(|problem| Problem {
        error: "provider_not_taken".to_owned(),
        hint: Some("whoever runs the proxy can say more; perhaps it is newer than this app".to_owned()),
        ..problem
    })?;
    let in_the_clear = file.addresses().into_iter().find(|(_, address)| !is_https(address) && !is_local);
    if let Some((key, _)) = in_the_clear {
        let message = format!("{shown} is not taken: its {key} is not https");
        let hint = "plain http serves a proxy on this machine alone; put a file of your own into a folder of provider files";
        return Err(Problem::new("provider_not_taken", message).with_hint(hint));
    }
    // The proxy could begin to ask for it long after the person saw what a server gets.
    let shared = with_refresh_token(&file);
    if !shared.is_empty() {
        let message =
            format!("{shown} is not taken: it gives servers the refresh token, in {}", shared.join(", "));
        let hint = format!("if that is what you want, put it as {name}.toml into a folder of provider files");
        return Err(Problem::new("provider_not_taken", message).with_hint(hint));
    }
    Ok(file)
}

fn is_https(address: &str) -> bool {
    address.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

/// That the proxy knows a provider of the app's at another address; nothing when both mean the same one.
pub(super) fn elsewhere(own: &ProviderFile, told: &ProviderFile) -> Option<Problem> {
    let ours = own.addresses();
    let differs = |(key, theirs): (&'static str, &str)| match ours.get(key) {
        Some(address) => *address != theirs,
        None => !matches!(key, "revocation.endpoint"),
    };
    let decisive = |key: &&str| key.contains("endpoint") || *key == "browser.login_url";
    let key = told.addresses().into_iter().filter(|(key, _)| decisive(key)).find(|&found| differs(found))?.0;
    let name = &own.name;
    let message =
        format!("the proxy knows {name} at another address: its {key} is another one; yours is used");
    let hint = format!("if the proxy is right, put its file as {name}.toml into a folder of provider files");
    Some(Problem::new("provider_elsewhere", message).with_hint(hint))
}
