//! What reaches a server at the end of a play.

use std::collections::BTreeMap;

use keyferry_core::{
    delivery::{self, EnvName, RenderedFile, Values},
    secret::SecretText,
};

use super::{
    Connection,
    report::{Delivered, DeliveredFile},
    scene::Scene,
};

/// A delivery, with its secrets.
pub(super) struct Delivery {
    account: Option<String>,
    env: Vec<(EnvName, SecretText)>,
    files: Vec<RenderedFile>,
    mask: Mask,
}

/// The secrets of a connection, longest first, each with the word that stands for it.
struct Mask(Vec<(String, SecretText)>);

impl Delivery {
    pub(super) fn of(scene: &Scene, connection: &Connection) -> Result<Self, String> {
        let values = Values {
            tokens: Some(&connection.tokens),
            account: connection.account.as_deref(),
            client_id: Some(&scene.client_id),
            config: Some(&scene.config),
            metadata: None,
        };
        let files = delivery::files(&scene.file, &values).map_err(|(index, error)| {
            format!("the file {} of the provider file can't be written: {error}", index + 1)
        })?;
        Ok(Self {
            account: connection.account.clone(),
            env: delivery::environment(&scene.file, &values),
            files,
            mask: Mask::of(connection),
        })
    }

    /// How it differs from what is expected, in sentences without a secret.
    pub(super) fn differences(
        &self,
        env: Option<&BTreeMap<String, String>>,
        files: Option<&BTreeMap<String, String>>,
    ) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(env) = env {
            for (name, text) in &self.env {
                match env.get(name.as_str()) {
                    None => found.push(format!("a server gets {name}, which is not expected")),
                    Some(expected) if expected != text.expose_secret() => {
                        let shown = self.mask.apply(text);
                        found.push(format!("a server gets {name}={shown}, which is not what is expected"));
                    }
                    Some(_) => {}
                }
            }
            let missing =
                env.keys().filter(|name| !self.env.iter().any(|(known, _)| known.as_str() == **name));
            found.extend(missing.map(|name| format!("a server does not get {name}")));
        }
        if let Some(files) = files {
            for file in &self.files {
                let path = path(file);
                match files.get(&path) {
                    None => found.push(format!("a server gets the file {path}, which is not expected")),
                    Some(expected) if !same(expected, file.content.expose_secret()) => {
                        found.push(format!("the file {path} does not hold what is expected"));
                    }
                    Some(_) => {}
                }
            }
            let missing = files.keys().filter(|wanted| !self.files.iter().any(|file| path(file) == **wanted));
            found.extend(missing.map(|path| format!("a server does not get the file {path}")));
        }
        found
    }

    /// What of the file's deliveries does not come, a sentence each.
    pub(super) fn left_out(&self, scene: &Scene) -> Vec<String> {
        let missing =
            scene.file.env.iter().filter(|(name, _)| !self.env.iter().any(|(known, _)| known == *name));
        let mut found: Vec<_> = missing
            .map(|(name, template)| {
                let words: Vec<_> = template.words().map(|word| format!("{{{word}}}")).collect();
                format!("the variable {name}, for a word of it has no value: {}", words.join(" "))
            })
            .collect();
        if self.files.len() < scene.file.files.len() {
            let paths: Vec<_> = scene.file.files.iter().map(|file| file.path.to_string()).collect();
            let (all, come) = (paths.len(), self.files.len());
            found.push(format!(
                "{} of {all} files ({}), for a word has no value",
                all - come,
                paths.join(", ")
            ));
        }
        found
    }

    /// What may be shown of it.
    pub(super) fn shown(&self) -> Delivered {
        let file = |file: &RenderedFile| DeliveredFile {
            path: path(file),
            mode: format!("{:04o}", file.mode),
            content: self.mask.apply(&file.content),
        };
        Delivered {
            account: self.account.clone(),
            env: self.env.iter().map(|(name, text)| (name.to_string(), self.mask.apply(text))).collect(),
            files: self.files.iter().map(file).collect(),
        }
    }
}

impl Mask {
    fn of(connection: &Connection) -> Self {
        let tokens = &connection.tokens;
        let mut secrets = vec![("access_token".to_owned(), tokens.access_token.expose_secret())];
        secrets.extend(
            tokens.refresh_token.iter().map(|token| ("refresh_token".to_owned(), token.expose_secret())),
        );
        secrets.extend(tokens.id_token.iter().map(|token| ("id_token".to_owned(), token.expose_secret())));
        secrets.extend(
            tokens.metadata.iter().map(|(name, text)| (format!("metadata.{name}"), text.expose_secret())),
        );
        // What is the account's label is shown as that.
        secrets.retain(|(_, text)| !text.is_empty() && Some(*text) != connection.account.as_deref());
        let mut all: Vec<(String, SecretText)> = Vec::new();
        for (name, text) in secrets {
            let quoted = serde_json::Value::from(text).to_string();
            let quoted =
                quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text).to_owned();
            all.extend(
                [text.to_owned(), quoted]
                    .into_iter()
                    .filter_map(|text| Some((name.clone(), SecretText::new(text).ok()?))),
            );
        }
        all.sort_by_key(|(_, text)| std::cmp::Reverse(text.expose_secret().len()));
        Self(all)
    }

    /// A text with each secret's word in the secret's place.
    fn apply(&self, text: &SecretText) -> String {
        let mut shown = String::new();
        let mut rest = text.expose_secret();
        while let Some(next) = rest.chars().next() {
            let found = self.0.iter().find(|(_, secret)| rest.starts_with(secret.expose_secret()));
            let length = match found {
                Some((name, secret)) => {
                    shown.push_str(&format!("[{name}]"));
                    secret.expose_secret().len()
                }
                None => {
                    shown.push(next);
                    next.len_utf8()
                }
            };
            rest = rest.get(length..).unwrap_or_default();
        }
        shown
    }
}

fn path(file: &RenderedFile) -> String {
    format!("{}/{}", file.home.as_deref().unwrap_or("~"), file.names.join("/"))
}

/// JSON is compared as JSON.
fn same(expected: &str, content: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    expected == content || json(expected).is_some_and(|value| Some(value) == json(content))
}
