//! Delivery by environment variables.

use super::{EnvName, TemplateValues};
use crate::{provider::ProviderFile, secret::SecretText};

/// The variables of the provider file's `[env]`, filled. A variable whose template has a word without a value is left out: an
/// empty one would make a server believe that it has a token.
#[must_use]
pub fn environment(file: &ProviderFile, values: &TemplateValues<'_>) -> Vec<(EnvName, SecretText)> {
    let filled = file.env.iter().map(|(name, template)| Some((name.clone(), template.fill(values)?)));
    filled.flatten().collect()
}
