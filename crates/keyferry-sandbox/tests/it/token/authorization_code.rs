//! Redeeming codes (RFC 6749 §4.1.3, RFC 7636 §4.6).

use jiff::{SignedDuration, Timestamp};
use keyferry_sandbox::ManualClock;

use crate::support::*;

fn invalid_grant() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

#[tokio::test]
async fn a_code_used_twice_is_refused_and_revokes_what_it_earned() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    let tokens = redeem(&sandbox, &code).await.tokens();
    assert_eq!(redeem(&sandbox, &code).await.error(), invalid_grant());
    assert_eq!(api(&sandbox, "/api/me", &tokens.access).await.status, 401);
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.error(), invalid_grant());
    let counts = sandbox.counters();
    assert_eq!((counts.codes_reused, counts.families_revoked), (1, 1));
}

#[tokio::test]
async fn of_64_redemptions_at_once_one_succeeds() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    let replies = futures_util::future::join_all((0..64).map(|_| redeem(&sandbox, &code))).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 200).count(), 1);
    assert_eq!(replies.iter().filter(|reply| reply.error() == invalid_grant()).count(), 63);
    assert_eq!(sandbox.counters().families_revoked, 1);
}

#[tokio::test]
async fn a_code_lives_60_seconds() {
    for (seconds, status) in [(59, 200), (60, 400), (-1, 200)] {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        let sandbox = sandbox_with(|config| config.clock = clock.clone().into()).await;
        let code = code(&sandbox).await;
        clock.advance(SignedDuration::from_secs(seconds));
        assert_eq!(redeem(&sandbox, &code).await.status, status, "{seconds}");
    }
}

#[tokio::test]
async fn a_wrong_verifier_or_redirect_burns_the_code() {
    let sandbox = sandbox().await;
    for (name, wrong) in [
        ("code_verifier", "another-verifier-of-the-tests-with-43-characters"),
        ("code_verifier", &challenge(VERIFIER)),
        ("redirect_uri", "http://127.0.0.1:51235/oauth/callback/sandbox"),
        ("redirect_uri", "http://127.0.0.1/oauth/callback/sandbox"),
        ("redirect_uri", "http://[::1]:51234/oauth/callback/sandbox"),
    ] {
        let code = code(&sandbox).await;
        let mut fields = redemption(&code);
        fields.retain(|(field, _)| *field != name);
        fields.push((name, wrong));
        assert_eq!(token(&sandbox, &fields).await.error(), invalid_grant(), "{name}={wrong}");
        assert_eq!(redeem(&sandbox, &code).await.error(), invalid_grant(), "{name}={wrong}");
    }
}

#[tokio::test]
async fn a_request_without_a_well_formed_parameter_is_refused_before_the_code_is_looked_at() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    for (name, value) in [
        ("code", ""),
        ("redirect_uri", ""),
        ("code_verifier", ""),
        ("code_verifier", "too-short"),
        ("code_verifier", &"a".repeat(129)),
        ("code_verifier", &format!("{VERIFIER} ")),
    ] {
        let mut fields = redemption(&code);
        fields.retain(|(field, _)| *field != name);
        fields.push((name, value));
        assert_eq!(
            token(&sandbox, &fields).await.error(),
            (400, "invalid_request".to_owned()),
            "{name}={value}"
        );
    }
    assert_eq!(redeem(&sandbox, &code).await.status, 200);
}

#[tokio::test]
async fn a_code_redeems_only_with_the_verifier_of_its_own_sign_in() {
    let sandbox = sandbox().await;
    let code = code(&sandbox).await;
    let other = "the-verifier-of-another-sign-in-0123456789-0123";
    let mut request = good_request();
    request.insert("code_challenge", challenge(other));
    let redirect = keyferry_sandbox::consent::approve(&authorization_url(&sandbox, request)).await.unwrap();
    let mine = redirect.parameter("code").unwrap();
    assert_eq!(redeem(&sandbox, &mine).await.error(), invalid_grant());
    assert_eq!(redeem(&sandbox, &code).await.status, 200);
}

#[tokio::test]
async fn no_refresh_token_comes_without_offline_access() {
    let sandbox = sandbox().await;
    let tokens = tokens_for(&sandbox, "notes:write notes:read").await;
    assert_eq!(tokens.refresh, None);
    assert_eq!(tokens.scope, "notes:read notes:write");
}

#[tokio::test]
async fn tokens_do_not_stand_in_for_codes() {
    let sandbox = sandbox().await;
    let tokens = tokens(&sandbox).await;
    for secret in [tokens.access.as_str(), tokens.refresh()] {
        assert_eq!(redeem(&sandbox, secret).await.error(), invalid_grant());
    }
}

#[tokio::test]
async fn codes_and_tokens_have_256_bits_and_never_repeat() {
    let sandbox = sandbox().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..20 {
        let code = code(&sandbox).await;
        let tokens = redeem(&sandbox, &code).await.tokens();
        for (secret, prefix) in
            [(&code, "sbx_code_"), (&tokens.access, "sbx_at_"), (&tokens.refresh().to_owned(), "sbx_rt_")]
        {
            assert_eq!(secret.strip_prefix(prefix).unwrap().len(), 43);
            assert!(seen.insert(secret.clone()));
        }
    }
}
