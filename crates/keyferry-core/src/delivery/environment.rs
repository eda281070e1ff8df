//! Delivery by environment variables.

use super::{EnvName, TemplateValues, Word};
use crate::{provider::ProviderFile, secret::SecretText};

/// The variables of the provider file's `[env]`, filled. A variable whose template has a word without a value is left out: an
/// empty one would make a server believe that it has a token.
#[must_use]
pub fn environment(file: &ProviderFile, values: &TemplateValues<'_>) -> Vec<(EnvName, SecretText)> {
    let filled = file.env.iter().map(|(name, template)| Some((name.clone(), template.fill(values)?)));
    filled.flatten().collect()
}

/// The variables of the provider file's `[env]` that hold the refresh token: it then has two owners, and the person is told so.
#[must_use]
pub fn with_refresh_token(file: &ProviderFile) -> Vec<EnvName> {
    let named =
        file.env.iter().filter(|(_, template)| template.words().any(|word| word == Word::RefreshToken));
    named.map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variables_with_the_refresh_token_are_known() {
        let text = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\n\
            endpoint = \"https://a.example/t\"\n[env]\nA = \"{access_token}\"\nB = \"x:{refresh_token}\"\n";
        let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", text).unwrap().file;
        assert_eq!(with_refresh_token(&file), ["B".parse().unwrap()]);
    }
}
