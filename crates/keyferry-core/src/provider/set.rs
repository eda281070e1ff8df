//! The providers that a program knows.

use std::{collections::BTreeMap, sync::Arc};

use super::{ProviderFile, builtin};
use crate::{diagnostic::Diagnostics, id::ProviderName, suggest::nearest};

/// Provider files by name. A later one of the same name replaces the earlier.
#[derive(Debug, Clone, Default)]
pub struct ProviderSet {
    files: BTreeMap<ProviderName, Arc<ProviderFile>>,
}

impl ProviderSet {
    /// The built-in providers.
    ///
    /// # Errors
    /// The findings of the first built-in file that can't be used. A test reads them all, so this is not seen in practice.
    pub fn builtin() -> Result<Self, Diagnostics> {
        let mut set = Self::default();
        for (name, text) in builtin() {
            let Ok(name) = name.parse::<ProviderName>() else { continue };
            let shown = format!("providers/{name}.toml");
            set.insert(ProviderFile::parse(name, &shown, text)?.file);
        }
        Ok(set)
    }

    /// Adds a provider, and returns the one that it replaces.
    pub fn insert(&mut self, file: impl Into<Arc<ProviderFile>>) -> Option<Arc<ProviderFile>> {
        let file = file.into();
        self.files.insert(file.name.clone(), file)
    }

    /// The provider of exactly this name.
    #[must_use]
    pub fn get(&self, name: &ProviderName) -> Option<&Arc<ProviderFile>> {
        self.files.get(name)
    }

    /// All providers, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<ProviderFile>> {
        self.files.values()
    }

    /// The known name that a mistyped one most likely means.
    #[must_use]
    pub fn nearest(&self, name: &str) -> Option<&ProviderName> {
        let found = nearest(name, self.files.keys().map(ProviderName::as_str))?;
        self.files.keys().find(|known| known.as_str() == found)
    }
}
