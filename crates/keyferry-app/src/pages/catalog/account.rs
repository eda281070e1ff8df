//! Which account a server will use, and what is asked for.

use std::sync::Arc;

use keyferry_core::{
    delivery::with_refresh_token,
    manifest::{Manifest, OauthSignIn},
    provider::ProviderFile,
    scope::{Scope, Scopes},
};
use maud::{Markup, html};

use crate::{
    api::{
        ApiError,
        dto::{AuthMethod, InstallRequest},
    },
    browser::told,
    engine::Engine,
    pages::{
        sign_ins::{CONFIG, consent},
        words,
    },
    providers,
    vault::ConnectionRecord,
};

/// The ways to an account that a manifest offers here.
pub(super) struct Offer {
    /// The provider of the sign-in by OAuth.
    file: Option<Arc<ProviderFile>>,
    /// Accounts there, or at the next, that exist already.
    known: Vec<ConnectionRecord>,
    scopes: Scopes,
    required: bool,
    /// The provider of the sign-in in a window, without OAuth.
    browser: Option<Arc<ProviderFile>>,
}

/// Values of the choice.
pub(super) const NEW: &str = "new";
pub(super) const NONE: &str = "none";
pub(super) const BROWSER: &str = "browser";

/// The names of what the provider of the window asks begin with this: that of the other way may ask for the same.
pub(super) const WINDOW_CONFIG: &str = "window-config.";

// === impl Offer ===

impl Offer {
    pub(super) async fn read(engine: &Engine, manifest: &Manifest) -> Result<Self, ApiError> {
        let oauth = &manifest.sign_in.oauth;
        let file = match oauth {
            OauthSignIn::Provider { provider, .. } => providers::find(engine, provider).await,
            OauthSignIn::None | OauthSignIn::Discovery => None,
        };
        let all = engine.connections.list().await?.readable;
        let scopes = file
            .as_ref()
            .and_then(|file| file.oauth())
            .map(|own| own.authorization.scopes.with(&oauth.scopes()));
        let browser = match manifest.sign_in.browser_provider() {
            Some(provider) => providers::find(engine, &provider).await,
            None => None,
        };
        let is_known = |record: &ConnectionRecord| {
            file.iter().chain(&browser).any(|file: &Arc<ProviderFile>| file.name == record.provider)
        };
        Ok(Self {
            known: all.into_iter().filter(is_known).collect(),
            scopes: scopes.unwrap_or_default(),
            required: oauth.is_required() || manifest.sign_in.requires_browser(),
            browser,
            file,
        })
    }

    /// Whether there is no way but the window.
    fn only_window(&self) -> bool {
        self.required && self.file.is_none() && self.known.is_empty()
    }
}

/// The choice, with what is asked for.
pub(super) fn choice(offer: &Offer, asked: Option<&InstallRequest>) -> Markup {
    if offer.file.is_none() && offer.browser.is_none() {
        return Markup::default();
    }
    let chosen = chosen(offer, asked);
    html! {
        fieldset {
            legend { "Account" }
            @for record in &offer.known {
                @let id = record.id.to_string();
                (radio(&id, chosen == id, &named(record), "The access that you gave before"))
            }
            @if let Some(file) = &offer.file {
                @let label = if offer.known.is_empty() { "Sign in at ".to_owned() } else { "Another account at ".to_owned() };
                (radio(NEW, chosen == NEW, &(label + &file.display_name), "In your browser; you say there what may be done"))
            }
            @if let Some(file) = &offer.browser {
                @let label = format!("Sign in at {} in a window of its own", file.display_name);
                (radio(BROWSER, chosen == BROWSER, &label, "Without OAuth: a session token is read in it"))
            }
            @if !offer.required { (radio(NONE, chosen == NONE, "Without an account", "You can install it anew with one later")) }
            @if let Some(file) = &offer.file { div.by-oauth { (asks(offer, file)) (config(file, CONFIG, asked)) } }
            @if let Some(file) = &offer.browser {
                div.in-window {
                    (config(file, WINDOW_CONFIG, asked))
                    (consent(&told(file, false), offer.only_window(), false))
                }
            }
        }
    }
}

fn chosen(offer: &Offer, asked: Option<&InstallRequest>) -> String {
    match asked {
        Some(InstallRequest { connection: Some(id), .. }) => id.clone(),
        Some(InstallRequest { auth: Some(AuthMethod::Browser), .. }) => BROWSER.to_owned(),
        Some(InstallRequest { auth: Some(AuthMethod::Oauth), .. }) => NEW.to_owned(),
        Some(_) if !offer.required => NONE.to_owned(),
        _ => match (offer.known.first(), &offer.file) {
            _ if !offer.required => NONE.to_owned(),
            (Some(record), _) => record.id.to_string(),
            (None, Some(_)) => NEW.to_owned(),
            (None, None) => BROWSER.to_owned(),
        },
    }
}

fn named(record: &ConnectionRecord) -> String {
    let name = record.label.as_ref().or(record.account.as_ref());
    name.cloned().unwrap_or_else(|| format!("The account of {}", crate::pages::parts::day(record.created_at)))
}

fn radio(value: &str, checked: bool, label: &str, told: &str) -> Markup {
    html! {
        label.choice {
            input type="radio" name="account" value=(value) checked[checked] required;
            span { strong { (label) } span.soft { (told) } }
        }
    }
}

fn asks(offer: &Offer, file: &ProviderFile) -> Markup {
    let shared = with_refresh_token(file);
    html! {
        details.more open {
            summary { "What " (file.display_name) " is asked for" }
            @if offer.scopes.is_empty() { p.soft { "Nothing in particular: the service decides what the access may do." } }
            ul.plain { @for scope in offer.scopes.iter().map(Scope::as_str) { li { (words::in_words(scope)) " " code { (scope) } } } }
            @if !shared.is_empty() {
                p.soft { "The server also gets the refresh token, in " (shared.join(", ")) ": it can renew its access by itself." }
            }
        }
    }
}

/// What the provider asks of the person before the sign-in.
fn config(file: &ProviderFile, prefix: &str, asked: Option<&InstallRequest>) -> Markup {
    html! {
        @for (name, field) in &file.config {
            @let id = format!("{prefix}{name}");
            @let said = asked.and_then(|asked| asked.config.get(name.as_str())).or(field.default.as_ref());
            div.field {
                label for=(id) { (field.title) }
                input type="text" id=(id) name=(id) value=[said] autocomplete="off" spellcheck="false";
                @if let Some(text) = &field.description { p.soft { (text) } }
            }
        }
    }
}
