//! What the rule is told of a connection.

use jiff::{SignedDuration, Timestamp};
use keyferry_core::{
    provider::ProviderFile,
    refresh::{Failure, Next, Spread, Standing, Wanted, next},
};

use super::Inner;
use crate::vault::{ConnectionRecord, Outline};

impl Inner {
    /// What to do next with a connection.
    pub(super) fn next(&self, record: &ConnectionRecord, interrupted: bool, wanted: Wanted) -> Next {
        next(&self.standing(record, interrupted), wanted, self.now())
    }

    pub(super) fn standing(&self, record: &ConnectionRecord, interrupted: bool) -> Standing {
        let outline = Outline {
            id: record.id.clone(),
            provider: record.provider.clone(),
            state: record.state,
            received_at: record.received_at(),
            expires_at: record.tokens.expires_at,
            has_refresh_token: record.tokens.refresh_token.is_some(),
            failure: record.failure.as_ref().map(|last| last.failure),
        };
        self.standing_of(&outline, interrupted)
    }

    pub(super) fn standing_of(&self, outline: &Outline, interrupted: bool) -> Standing {
        // Without its file a connection can't be refreshed; its token may still be used.
        let file = self.file(&outline.provider).ok();
        let token = file.as_ref().and_then(|file| file.oauth()).map(|oauth| &oauth.token);
        // A session that was read in a window is never refreshed, whatever its file calls its values.
        let in_window = file.as_ref().is_some_and(|file| file.browser().is_some());
        let margin = token.and_then(|token| i64::try_from(token.refresh_margin?).ok());
        Standing {
            state: outline.state,
            received_at: outline.received_at,
            expires_at: outline.expires_at,
            refreshable: outline.has_refresh_token && !in_window && token.is_none_or(|token| token.refresh),
            margin: margin.map(SignedDuration::from_secs),
            interrupted,
            failure: outline.failure,
            provider_rests_until: self.rests.asked_until(&outline.provider, self.now()),
            provider_down_until: self.rests.down_until(&outline.provider, self.now()),
            spread: Spread::of(outline.id.as_str()),
        }
    }
}

/// What a failed attempt makes of the one before it: how many in a row.
pub(super) fn failure(
    before: Option<&Failure>,
    class: keyferry_core::flow::error::FailureClass,
    retry_after: Option<SignedDuration>,
    at: Timestamp,
) -> Failure {
    Failure { at, class, count: before.map_or(0, |before| before.count).saturating_add(1), retry_after }
}

/// Whether a provider's tokens can be refreshed.
pub(super) fn refreshes(file: &ProviderFile) -> bool {
    file.oauth().is_some_and(|oauth| oauth.token.refresh)
}
