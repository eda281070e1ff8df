use keyferry_app::vault::ConnectionState;

use super::{Choice, Stage, person, tally};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_that_a_reused_token_ended_is_mended_by_a_sign_in() {
    let Some(mut stage) = Stage::set_up().await else { return };
    let id = stage.sign_in().await;
    for _ in 0..3 {
        assert_eq!(stage.caller().refresh(&id).await.0, 200);
    }
    let expected = [("token_request", 3), ("grant.success refresh_token", 3)];
    assert_eq!(stage.provider.happened(), tally(&expected));

    // A thief comes with the first refresh token: the provider ends the grant, with the newest tokens.
    let stolen = stage.provider.issued("refresh_token").first().copied().unwrap();
    assert_eq!(stage.provider.spend(stolen).await, "invalid_grant");
    let newest = stage.provider.issued("access_token").last().copied().unwrap();
    assert!(!stage.provider.opens(newest).await);
    let refused = ("grant.error refresh_token invalid_grant", 1);
    assert_eq!(stage.provider.happened(), tally(&[("token_request", 1), refused, ("grant.revoked", 1)]));

    let (status, problem) = stage.caller().refresh(&id).await;
    assert_eq!((status, &problem["error"]), (409, &"needs_sign_in".into()), "{problem}");
    assert_eq!(stage.connection()["state"], "needs_sign_in");
    // The token that was refused, and the one before it, in case the newest never worked.
    let refused = ("grant.error refresh_token invalid_grant", 2);
    assert_eq!(stage.provider.happened(), tally(&[("token_request", 2), refused]));
    assert_eq!(stage.caller().refresh(&id).await.0, 409);
    assert_eq!(stage.world.run(&["call", "who", "whoami"]).code, 1);
    assert_eq!(stage.provider.happened(), tally(&[]), "nobody asks with a dead token again");

    let (ended, vault) = stage.end_app();
    let record = vault.connection(&id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(record.state, ConnectionState::NeedsSignIn);
    let kept = record.tokens.refresh_token.as_ref().unwrap().expose_secret();
    drop(vault);
    assert!(ended.provider.issued("refresh_token").last() == Some(&kept), "nothing is deleted");

    let mut stage = ended.again();
    let person = async |page: String| drop(person::go(&person::sign_in(&page, Choice::Allow).await).await);
    let ran = stage.world.install_by(&["connections", "sign-in", &id], person).await;
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let expected =
        [("authorization.success", 1), ("token_request", 1), ("grant.success authorization_code", 1)];
    assert_eq!(stage.provider.happened(), tally(&expected));
    assert_eq!(stage.connection()["id"], id.as_str());
    assert_eq!(stage.connection()["state"], "active");
    assert_eq!(stage.caller().refresh(&id).await.0, 200);
    let expected = [("token_request", 1), ("grant.success refresh_token", 1)];
    assert_eq!(stage.provider.happened(), tally(&expected));
    let called = stage.world.run(&["call", "who", "whoami"]);
    assert!(called.code == 0 && called.stdout.contains("ada"), "{}{}", called.stdout, called.stderr);
    stage.end().await;
}
