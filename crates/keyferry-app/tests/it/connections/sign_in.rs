use keyferry_app::{
    connections::{ConnectionError, ProxyError, SignInRequest},
    pages::SignInPage,
    vault::ConnectionState,
};
use keyferry_core::flow::callback::CallbackError;
use keyferry_sandbox::{Fault, SandboxConfig, Target, consent};

use super::{World, from_now, query};

#[tokio::test]
async fn a_sign_in_ends_with_a_connection_whose_token_works() {
    let world = World::start().await;
    let id = world.connect().await;
    let record = world.record(&id).await;
    assert_eq!(record.state, ConnectionState::Active);
    assert_eq!(record.tokens.scopes.join(" "), "notes:read notes:write offline_access");
    assert!(record.tokens.refresh_token.is_some());
    let end = record.tokens.expires_at.unwrap();
    assert!(end > from_now(3500) && end < from_now(3700), "a point in time, not a length");
    assert!(world.works(record.tokens.access_token.expose_secret()).await);
    world.end().await;
}

#[tokio::test]
async fn of_sixty_four_responses_with_one_state_one_is_redeemed() {
    let world = World::start().await;
    let sign_in = world.begin().await;
    let query = World::allowed(&sign_in).await;
    let receiving = (0..64).map(|_| {
        let (connections, query) = (world.connections.clone(), query.clone());
        tokio::spawn(async move { connections.receive("sandbox", &query).await })
    });
    let mut pages = Vec::new();
    for receiving in receiving.collect::<Vec<_>>() {
        pages.push(receiving.await.unwrap());
    }
    assert_eq!(pages.iter().filter(|page| **page == SignInPage::Connected).count(), 1);
    assert_eq!(pages.iter().filter(|page| **page == SignInPage::Unknown).count(), 63);
    assert_eq!(world.sandbox.counters().code_requests, 1);
    sign_in.wait().await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_response_that_answers_no_sign_in_sends_nothing_and_ends_nothing() {
    let world = World::start().await;
    let sign_in = world.begin().await;
    let good = World::allowed(&sign_in).await;
    let stranger = "state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for bad in [
        "",
        "code=c",
        "error=access_denied",
        &format!("code=c&{stranger}"),
        &format!("error=access_denied&{stranger}"),
        &format!("{good}&code=second"),
        &format!("{good}&{}", good.split('&').find(|pair| pair.starts_with("state=")).unwrap()),
        &"a=b&".repeat(20_000),
    ] {
        assert_eq!(world.receive(bad).await, SignInPage::Unknown, "{}", &bad[..bad.len().min(80)]);
    }
    assert_eq!(world.connections.receive("../sandbox", &good).await, SignInPage::Unknown);
    assert_eq!(world.sandbox.counters().code_requests, 0);
    assert_eq!(world.receive(&good).await, SignInPage::Connected, "the sign-in still waits");
    assert_eq!(world.receive(&good).await, SignInPage::Unknown, "and is over after its response");
    assert_eq!(world.sandbox.counters().code_requests, 1);
    sign_in.wait().await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn a_response_at_another_providers_address_is_refused() {
    let world = World::start().await;
    let sign_in = world.begin().await;
    let good = World::allowed(&sign_in).await;
    assert_eq!(world.connections.receive("github", &good).await, SignInPage::Unknown);
    let error = sign_in.wait().await.unwrap_err();
    assert!(matches!(error, ConnectionError::Callback(CallbackError::OtherProvider)), "{error:?}");
    assert_eq!(world.sandbox.counters().code_requests, 0);
    world.end().await;
}

#[tokio::test]
async fn a_response_of_another_issuer_is_refused() {
    let world = World::start().await;
    let sign_in = world.begin().await;
    let good = World::allowed(&sign_in).await;
    let pairs = good.split('&').filter(|pair| !pair.starts_with("iss="));
    let without = pairs.collect::<Vec<_>>().join("&");
    assert_eq!(world.receive(&format!("{without}&iss=https%3A%2F%2Fevil.test")).await, SignInPage::Unknown);
    assert!(sign_in.wait().await.is_err());
    assert_eq!(world.sandbox.counters().code_requests, 0);
    world.end().await;
}

#[tokio::test]
async fn a_response_that_comes_after_ten_minutes_is_refused() {
    let world = World::start().await;
    let sign_in = world.begin().await;
    let good = World::allowed(&sign_in).await;
    world.pass(601);
    assert_eq!(world.receive(&good).await, SignInPage::Expired);
    assert!(sign_in.wait().await.is_err());
    assert_eq!(world.sandbox.counters().code_requests, 0);
    world.end().await;
}

#[tokio::test]
async fn two_sign_ins_at_once_each_redeem_with_their_own_verifier() {
    let world = World::start().await;
    let (one, other) = (world.begin().await, world.begin().await);
    let (first, second) = (World::allowed(&one).await, World::allowed(&other).await);
    assert_eq!(world.receive(&second).await, SignInPage::Connected);
    assert_eq!(world.receive(&first).await, SignInPage::Connected);
    assert_ne!(one.wait().await.unwrap(), other.wait().await.unwrap());
    world.end().await;
}

#[tokio::test]
async fn a_denial_is_told_and_leaves_nothing() {
    let world = World::start().await;
    let sign_in = world.begin().await;
    let denied = query(consent::deny(sign_in.url().as_str()).await.unwrap().expose_url());
    assert_eq!(world.receive(&denied).await, SignInPage::Denied);
    let error = sign_in.wait().await.unwrap_err();
    assert!(matches!(error, ConnectionError::Callback(CallbackError::Refused(_))), "{error:?}");
    assert!(world.vault.connections().await.unwrap().is_empty());
    world.end().await;
}

#[tokio::test]
async fn a_sign_in_that_nobody_waits_for_any_more_takes_no_response() {
    let world = World::start().await;
    let sign_in = world.begin().await;
    let good = World::allowed(&sign_in).await;
    drop(sign_in);
    assert_eq!(world.receive(&good).await, SignInPage::Unknown);
    assert_eq!(world.sandbox.counters().code_requests, 0);
    world.end().await;
}

#[tokio::test]
async fn a_code_is_sent_once_even_when_its_reply_is_lost() {
    for fault in [Fault::DropAfter, Fault::Html, Fault::TruncatedJson, Fault::NotUtf8, Fault::DuplicateKey] {
        let world = World::start().await;
        let sign_in = world.begin().await;
        let good = World::allowed(&sign_in).await;
        world.sandbox.faults().once(Target::Token, fault.clone());
        assert_eq!(world.receive(&good).await, SignInPage::Failed, "{fault:?}");
        assert!(sign_in.wait().await.is_err());
        assert_eq!(world.sandbox.counters().code_requests, 1, "{fault:?}");
        assert!(world.vault.connections().await.unwrap().is_empty());
        world.end().await;
    }
}

#[tokio::test]
async fn sign_ins_that_wait_are_bounded() {
    let world = World::start().await;
    let mut waiting = Vec::new();
    for _ in 0..64 {
        waiting.push(world.begin().await);
    }
    let sandbox = "sandbox".parse().unwrap();
    let error = world.connections.begin_sign_in(SignInRequest::new(&sandbox)).await.unwrap_err();
    assert!(matches!(error, ConnectionError::TooMany), "{error:?}");
    waiting.pop();
    world.connections.begin_sign_in(SignInRequest::new(&sandbox)).await.unwrap();
    world.end().await;
}

#[tokio::test]
async fn an_unknown_provider_and_one_without_credentials_are_told_apart() {
    let world = World::start().await;
    let error =
        world.connections.begin_sign_in(SignInRequest::new(&"nowhere".parse().unwrap())).await.unwrap_err();
    assert!(matches!(error, ConnectionError::UnknownProvider(_)), "{error:?}");
    let error =
        world.connections.begin_sign_in(SignInRequest::new(&"jira".parse().unwrap())).await.unwrap_err();
    assert!(matches!(error, ConnectionError::NotConfigured(_)), "{error:?}");
    assert!(error.hint().contains("JIRA_CLIENT_ID"));
    world.end().await;
}

#[tokio::test]
async fn a_missing_value_is_asked_for_in_the_words_of_the_provider_file() {
    let asks = |text: String| {
        text + "[config.team]\ntitle = \"Your team\"\ndescription = \"It stands before .acme.example\"\npattern = \"[a-z]+\"\n"
    };
    let world = World::start_of(SandboxConfig::default(), (None, None), asks).await;
    let sandbox = "sandbox".parse().unwrap();
    let error = world.connections.begin_sign_in(SignInRequest::new(&sandbox)).await.unwrap_err();
    let hint = "give Your team with --config team=…, of the form [a-z]+ (It stands before .acme.example)";
    assert_eq!(error.hint(), hint);
    world.end().await;
}

#[tokio::test]
async fn a_proxy_with_access_keys_is_used_with_one_and_told_without() {
    let key = "open-sesame-0123456789-0123456789";
    let world = World::start_keyed(SandboxConfig::default(), Some(key), Some(key)).await;
    let id = world.connect().await;
    world.connections.refresh(&id).await.unwrap();
    world.end().await;
    for had in [None, Some("another-key-0123456789-0123456789")] {
        let world = World::start_keyed(SandboxConfig::default(), Some(key), had).await;
        let error = world
            .connections
            .begin_sign_in(SignInRequest::new(&"sandbox".parse().unwrap()))
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectionError::Proxy(ProxyError::AccessKey)), "{error:?}");
        assert!(error.hint().contains("KEYFERRY_PROXY_ACCESS_KEY"));
        world.end().await;
    }
}
