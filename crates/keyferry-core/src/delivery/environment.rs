//! Delivery by environment variables.

use super::{EnvName, FileContent, Template, Values, Word};
use crate::{provider::ProviderFile, secret::SecretText};

/// The variables of the provider file's `[env]`, filled. A variable whose template has a word without a value is left out: an
/// empty one would make a server believe that it has a token.
#[must_use]
pub fn environment(file: &ProviderFile, values: &Values<'_>) -> Vec<(EnvName, SecretText)> {
    let filled = file.env.iter().map(|(name, template)| Some((name.clone(), template.fill(values)?)));
    filled.flatten().collect()
}

/// What of the provider file's deliveries holds the refresh token: variables by name, files by path. It then has two owners, and the
/// person is told so.
#[must_use]
pub fn with_refresh_token(file: &ProviderFile) -> Vec<String> {
    let hands = |template: &Template| template.words().any(|word| *word == Word::RefreshToken);
    let variables = file.env.iter().filter(|(_, template)| hands(template)).map(|(name, _)| name.to_string());
    let files = file.files.iter().filter(|file| match &file.content {
        FileContent::Text(template) => hands(template),
        FileContent::Json(json) => json.templates().into_iter().any(hands),
    });
    variables.chain(files.map(|file| file.path.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_the_refresh_token_is_known() {
        let text = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\n\
            endpoint = \"https://a.example/t\"\n[env]\nA = \"{access_token}\"\nB = \"x:{refresh_token}\"\n\
            [[file]]\npath = \"~/a\"\ncontent = \"x\"\n[[file]]\npath = \"/home/u/b/{account}\"\njson = { r = [\"{refresh_token}\"] }\n";
        let file = ProviderFile::parse("acme".parse().unwrap(), "acme.toml", text).unwrap().file;
        assert_eq!(with_refresh_token(&file), ["B", "/home/u/b/{account}"]);
    }
}
