//! The revocation endpoint (RFC 7009).

use crate::support::*;

#[tokio::test]
async fn a_revoked_access_token_is_dead_and_its_grant_lives() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox).await;
    let reply =
        post(&sandbox, "/revoke", &[("token", &tokens.access), ("token_type_hint", "refresh_token")]).await;
    assert_eq!((reply.status.as_u16(), reply.header("cache-control")), (200, "no-store"));
    assert_eq!(api(&sandbox, "/api/me", &tokens.access).await.status, 401);
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.status, 200);
    assert_eq!(sandbox.counters().families_revoked, 0);
}

#[tokio::test]
async fn a_revoked_refresh_token_takes_the_whole_family_along() {
    let sandbox = sandbox().await;
    let first = tokens(&sandbox).await;
    let second = refresh(&sandbox, first.refresh()).await.tokens();
    let other = tokens(&sandbox).await;
    assert_eq!(post(&sandbox, "/revoke", &[("token", second.refresh())]).await.status, 200);
    for access in [&first.access, &second.access] {
        assert_eq!(api(&sandbox, "/api/me", access).await.status, 401);
    }
    assert_eq!(refresh(&sandbox, second.refresh()).await.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(api(&sandbox, "/api/me", &other.access).await.status, 200);
    assert_eq!(sandbox.counters().families_revoked, 1);
}

#[tokio::test]
async fn revoking_an_unknown_token_is_no_error_and_revoking_twice_neither() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox).await;
    for token in ["unknown", tokens.refresh(), tokens.refresh(), &tokens.access, &tokens.access] {
        assert_eq!(post(&sandbox, "/revoke", &[("token", token)]).await.status, 200);
    }
    assert_eq!(sandbox.counters().families_revoked, 1);
}

#[tokio::test]
async fn nothing_is_revoked_without_client_authentication_or_in_a_bad_request() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox).await;
    let refresh_token = tokens.refresh();
    let bare = send(post_form(&sandbox, "/revoke", &[("token", refresh_token)])).await;
    assert_eq!(bare.error(), (401, "invalid_client".to_owned()));
    assert_eq!(post(&sandbox, "/revoke", &[]).await.error(), (400, "invalid_request".to_owned()));
    let twice = [("token", refresh_token), ("token", refresh_token)];
    assert_eq!(post(&sandbox, "/revoke", &twice).await.error(), (400, "invalid_request".to_owned()));
    let get = http().get(format!("{}/revoke?token={refresh_token}", sandbox.base_url()));
    assert_eq!(send(get).await.status, 405);
    assert_eq!(refresh(&sandbox, refresh_token).await.status, 200);
}
