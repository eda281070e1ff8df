//! Refreshing (RFC 6749 §6, RFC 9700 §4.14).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use keyferry_sandbox::{ManualClock, Rotation};

use crate::support::*;

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[tokio::test]
async fn a_refresh_token_that_comes_back_revokes_the_family() {
    let sandbox = sandbox().await;
    let first = tokens(&sandbox).await;
    let second = refresh(&sandbox, first.refresh()).await.tokens();
    assert_ne!(first.refresh, second.refresh);
    assert_eq!(refresh(&sandbox, first.refresh()).await.error(), invalid_grant());
    assert_eq!(refresh(&sandbox, second.refresh()).await.error(), invalid_grant());
    assert_eq!(api(&sandbox, "/api/me", &second.access).await.status, 401);
    let counts = sandbox.counters();
    assert_eq!((counts.refresh_tokens_reused, counts.families_revoked), (1, 1));
}

#[tokio::test]
async fn of_64_refreshes_at_once_one_succeeds() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox).await;
    let replies = futures_util::future::join_all((0..64).map(|_| refresh(&sandbox, tokens.refresh()))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(sandbox.counters().families_revoked, 1);
}

#[tokio::test]
async fn within_the_grace_a_token_may_come_back() {
    let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
    let sandbox = sandbox_with(|config| {
        config.clock = clock.clone().into();
        config.rotation = Rotation::Rotate { grace: Duration::from_secs(10) };
    })
    .await;
    let tokens = tokens(&sandbox).await;
    let first = refresh(&sandbox, tokens.refresh()).await.tokens();
    clock.advance(SignedDuration::from_secs(9));
    let second = refresh(&sandbox, tokens.refresh()).await.tokens();
    assert_ne!(first.refresh, second.refresh);
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.error(), invalid_grant());
    assert_eq!(refresh(&sandbox, second.refresh()).await.error(), invalid_grant());
    assert_eq!(sandbox.counters().refresh_tokens_reused, 1);
}

#[tokio::test]
async fn without_rotation_the_token_stays_and_is_not_sent_again() {
    let sandbox = sandbox_with(|config| config.rotation = Rotation::Keep).await;
    let tokens = tokens(&sandbox).await;
    for _ in 0..3 {
        let renewed = refresh(&sandbox, tokens.refresh()).await.tokens();
        assert_eq!(renewed.refresh, None);
    }
    assert_eq!(sandbox.counters().refresh_tokens_reused, 0);
}

#[tokio::test]
async fn a_refresh_narrows_scopes_and_never_widens_them() {
    let sandbox = sandbox().await;
    let tokens = tokens_for(&sandbox, "notes:read offline_access").await;
    let ask = |refresh_token: String, scope: &'static str| {
        let sandbox = &sandbox;
        async move {
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh_token.as_str()),
                ("scope", scope),
            ];
            token(sandbox, &fields).await
        }
    };
    for scope in ["notes:write", "notes:read notes:write", "unknown", "notes:read  "] {
        let refused = ask(tokens.refresh().to_owned(), scope).await;
        assert_eq!(refused.error(), (400, "invalid_scope".to_owned()), "{scope}");
    }
    let narrowed = ask(tokens.refresh().to_owned(), "offline_access").await.tokens();
    assert_eq!(narrowed.scope, "offline_access");
    assert_eq!(api(&sandbox, "/api/notes", &narrowed.access).await.status, 403);
    let whole = refresh(&sandbox, narrowed.refresh()).await.tokens();
    assert_eq!(whole.scope, "notes:read offline_access");
}

#[tokio::test]
async fn what_is_not_a_refresh_token_does_not_refresh() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    let tokens = tokens(&sandbox).await;
    for token in [code.as_str(), &tokens.access, "unknown", &tokens.refresh().to_uppercase()] {
        assert_eq!(refresh(&sandbox, token).await.error(), invalid_grant());
    }
    assert_eq!(refresh(&sandbox, "").await.error(), (400, "invalid_request".to_owned()));
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.status, 200);
}

#[tokio::test]
async fn a_grant_ends_at_its_absolute_age_however_often_it_is_refreshed() {
    let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
    let sandbox = sandbox_with(|config| {
        config.clock = clock.clone().into();
        config.refresh_token_lifetime = Duration::from_secs(100);
    })
    .await;
    let mut tokens = tokens(&sandbox).await;
    for _ in 0..3 {
        clock.advance(SignedDuration::from_secs(33));
        tokens = refresh(&sandbox, tokens.refresh()).await.tokens();
    }
    clock.advance(SignedDuration::from_secs(1));
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.error(), invalid_grant());
    assert_eq!(sandbox.counters().refresh_tokens_reused, 0);
}

#[tokio::test]
async fn a_token_of_another_sandbox_is_worth_nothing() {
    let (ours, theirs) = (sandbox().await, sandbox().await);
    let tokens = tokens(&theirs).await;
    assert_eq!(refresh(&ours, tokens.refresh()).await.error(), invalid_grant());
    assert_eq!(api(&ours, "/api/me", &tokens.access).await.status, 401);
}
