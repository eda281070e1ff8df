//! Manifests as the local API tells them.

use keyferry_core::manifest::{OauthSignIn, Server, SettingKind as Kind, SettingSpec, display_placeholders};

use super::{Entry, needs::needs, not_installable};
use crate::{
    api::dto::{CatalogEntry, CatalogEntryDetail, CatalogTool, Here, SettingField, SettingKind, SignInNeed},
    providers::Snapshot,
};

/// A manifest as a list shows it.
pub(crate) fn entry(entry: &Entry, installed: bool, providers: &Snapshot) -> CatalogEntry {
    let manifest = &entry.manifest;
    CatalogEntry {
        name: manifest.name.to_string(),
        display_name: manifest.title().to_owned(),
        description: manifest.description.clone(),
        version: manifest.version.clone(),
        source: entry.source.clone(),
        also_in: entry.also_in.clone(),
        category: manifest.category.clone(),
        icon: manifest.icon.clone(),
        needs: needs(manifest, providers),
        sign_in: sign_in(entry),
        installed,
        not_installable: not_installable(manifest, providers),
    }
}

/// A manifest with what it will ask and run.
pub(crate) fn detail(entry: &Entry, shown: CatalogEntry, here: Vec<Here>) -> CatalogEntryDetail {
    let manifest = &entry.manifest;
    let tool = |tool: &keyferry_core::manifest::AnnouncedTool| CatalogTool {
        name: tool.name.clone(),
        description: tool.description.clone(),
    };
    CatalogEntryDetail {
        entry: shown,
        long_description: manifest.long_description.clone(),
        author: manifest.author.as_ref().map(|author| author.name.clone()),
        documentation_url: manifest.documentation.clone(),
        command: match &manifest.server {
            Server::Local(local) => display_placeholders(local),
            Server::Remote(_) => None,
        },
        can_work: here.iter().any(|here| here.works),
        here,
        settings: manifest.user_config.iter().map(field).collect(),
        tools: manifest.tools.iter().map(tool).collect(),
    }
}

fn sign_in(entry: &Entry) -> Option<SignInNeed> {
    let sign_in = &entry.manifest.sign_in;
    let browser = sign_in.browser.as_ref();
    if sign_in.oauth == OauthSignIn::None && browser.is_none() {
        return None;
    }
    Some(SignInNeed {
        provider: sign_in.oauth.provider().map(ToString::to_string),
        required: sign_in.oauth.is_required() || browser.is_some_and(|browser| browser.required),
        browser_provider: browser.and_then(|browser| browser.provider.as_ref()).map(ToString::to_string),
    })
}

fn field(spec: &SettingSpec) -> SettingField {
    SettingField {
        key: spec.key.to_string(),
        kind: match spec.kind {
            Kind::String => SettingKind::String,
            Kind::Number => SettingKind::Number,
            Kind::Boolean => SettingKind::Boolean,
            Kind::Directory => SettingKind::Directory,
            Kind::File => SettingKind::File,
        },
        title: spec.title.clone(),
        description: spec.description.clone(),
        required: spec.required,
        // A manifest's default for a secret is still a secret.
        default: if spec.sensitive { None } else { spec.default_json() },
        sensitive: spec.sensitive,
        multiple: spec.multiple,
        min: spec.min,
        max: spec.max,
    }
}
