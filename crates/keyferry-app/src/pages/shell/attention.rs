//! What needs the person: accounts that must be signed in to again.

use maud::{Markup, html};

use crate::{connections::HealthWord, engine::Engine, vault::ConnectionRecord};

/// Accounts that need a sign-in.
pub(super) struct Attention(Vec<(String, String)>);

impl Attention {
    /// Reads them. What can't be read is told by the page of accounts.
    pub(super) async fn read(engine: &Engine) -> Self {
        let listed = engine.connections.list().await.unwrap_or_default();
        let named = |record: &ConnectionRecord| {
            let file = engine.providers.get(&record.provider);
            let title = file.map_or_else(|| record.provider.to_string(), |file| file.display_name.clone());
            let label = record.label.as_ref().or(record.account.as_ref());
            (record.id.to_string(), label.map_or(title.clone(), |label| format!("{title} ({label})")))
        };
        let waits =
            |record: &&ConnectionRecord| engine.connections.health(record).word == HealthWord::NeedsSignIn;
        Self(listed.readable.iter().filter(waits).map(named).collect())
    }

    pub(super) fn count(&self) -> usize {
        self.0.len()
    }

    /// The mark in the navigation.
    pub(super) fn mark(&self) -> Markup {
        html! {
            span #mark {
                @if self.count() > 0 {
                    span.count { (self.count()) span.hidden { " need a sign-in" } }
                }
            }
        }
    }

    /// The banner on every page.
    pub(super) fn banner(&self) -> Markup {
        html! {
            div #attention aria-live="polite" data-count=(self.count()) {
                @for (id, name) in &self.0 {
                    p.notice.warn {
                        span { strong { (name) } " needs you to sign in again: its servers can't work until then." }
                        a.button.small href={ "/accounts/" (id) } { "Sign in" }
                    }
                }
            }
        }
    }
}
