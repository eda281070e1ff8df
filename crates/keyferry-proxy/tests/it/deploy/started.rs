//! A proxy as a file of `deploy/` would start it: with its variables, and its secrets in files.

use std::{collections::BTreeMap, fs::OpenOptions, io::Write, path::Path, sync::Arc};

use keyferry_core::provider::ProviderSet;
use keyferry_proxy::{ProxyConfig, variable_slips};

use crate::support::{TestProxy, start};

/// An environment, and what is mounted for it.
pub(super) struct Environment {
    pub(super) variables: BTreeMap<String, String>,
    /// The folder of secrets in the container, and their names.
    pub(super) mounted: (String, Vec<String>),
}

// === impl Environment ===

impl Environment {
    /// Starts a proxy with it, on free ports of loopback.
    pub(super) async fn start(&self) -> TestProxy {
        let providers = Arc::new(ProviderSet::builtin().unwrap());
        let slips = variable_slips(&providers, self.variables.keys().map(String::as_str));
        assert!(slips.is_empty(), "{slips:?}");
        let folder = tempfile::tempdir().unwrap();
        let (mount, names) = &self.mounted;
        for name in names {
            let path = format!("{mount}/{name}");
            let used =
                self.variables.iter().any(|(variable, value)| variable.ends_with("_FILE") && *value == path);
            assert!(used, "no variable names the secret {name}");
            write(&folder.path().join(name), secret(name));
        }
        let lookup = |name: &str| {
            let value = self.variables.get(name)?;
            let file = value.strip_prefix(mount).map(|name| format!("{}{name}", folder.path().display()));
            Some(file.unwrap_or_else(|| value.replace("0.0.0.0:", "127.0.0.1:")))
        };
        let mut config = ProxyConfig::from_environment(Arc::clone(&providers), lookup).unwrap();
        assert!(config.credentials.problems().is_empty(), "{:?}", config.credentials.problems());
        assert!(config.access.iter().count() == 1 && config.sealing.is_some());
        assert!(config.credentials.get(&"jira".parse().unwrap()).is_some());
        // The API is where others expect it, and the metrics are not beside it.
        assert_eq!((config.listen.address.port(), config.listen.metrics.unwrap().port()), (7666, 7667));
        config.listen.address.set_port(0);
        config.listen.metrics.as_mut().unwrap().set_port(0);
        start(config).await
    }
}

/// Writes a file that its owner alone can read.
fn write(path: &Path, text: &str) {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn secret(name: &str) -> &'static str {
    match name {
        "access_keys" => "office=the-access-key-of-the-office-0123456789\n",
        "sealing_key" => "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n",
        _ => "a-client-secret-0123456789\n",
    }
}
