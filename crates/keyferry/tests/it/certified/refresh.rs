use std::time::Instant;

use tokio::task::JoinSet;

use super::{Stage, tally};

/// How many refreshes are made, unless `KEYFERRY_TEST_REFRESHES` says otherwise.
const REFRESHES: usize = 1_000;

/// How many callers ask in each round. Those of one round ask at once.
const CALLERS: [usize; 5] = [1, 1, 8, 1, 3];

fn wanted() -> usize {
    std::env::var("KEYFERRY_TEST_REFRESHES").map_or(REFRESHES, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_refreshes_by_callers_at_once_spend_no_refresh_token_twice() {
    let Some(mut stage) = Stage::set_up().await else { return };
    let id = stage.sign_in().await;
    let caller = stage.caller();
    let (began, wanted) = (Instant::now(), wanted());
    let (mut refreshes, mut calls) = (0, 0);
    for callers in CALLERS.iter().copied().cycle() {
        if refreshes >= wanted {
            break;
        }
        let mut round = JoinSet::new();
        for _ in 0..callers {
            let (caller, id) = (caller.clone(), id.clone());
            round.spawn(async move { caller.refresh(&id).await });
        }
        for (status, body) in round.join_all().await {
            assert_eq!((status, &body["state"]), (200, &"active".into()), "after {refreshes}: {body}");
        }
        // Nothing but requests that succeeded, one at a time.
        let happened = stage.provider.happened();
        let requests = happened.get("token_request").copied().unwrap_or_default();
        assert_eq!(
            happened,
            tally(&[("token_request", requests), ("grant.success refresh_token", requests)]),
            "after {refreshes}"
        );
        assert!((1..=callers).contains(&requests), "{callers} callers made {requests} requests");
        refreshes += requests;
        calls += callers;
    }
    println!("{refreshes} refreshes for {calls} calls in {:.1} s", began.elapsed().as_secs_f64());
    assert_eq!(stage.provider.at_once, 1);
    assert!(refreshes < calls, "callers at once share a refresh");
    let called = stage.world.run(&["call", "who", "whoami"]);
    assert!(called.code == 0 && called.stdout.contains("ada"), "{}{}", called.stdout, called.stderr);
    assert_eq!(stage.provider.happened(), tally(&[]), "and a call needs none");

    // What the provider issued last is what the vault has, and each refresh was saved once.
    let (ended, vault) = stage.end_app();
    let record = vault.connection(&id.parse().unwrap()).await.unwrap().unwrap();
    let kept = record.tokens.refresh_token.as_ref().unwrap().expose_secret();
    assert!(ended.provider.issued("refresh_token").last() == Some(&kept));
    assert_eq!(ended.provider.issued("refresh_token").len(), refreshes + 1);
    let history = vault.history(&record.id, u32::MAX).await.unwrap();
    assert_eq!(history.iter().filter(|line| line.event == "refreshed").count(), refreshes);
    drop(vault);
    ended.end().await;
}
