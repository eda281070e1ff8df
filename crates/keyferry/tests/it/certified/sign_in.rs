use super::{Choice, Stage, tally};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_at_the_certified_providers_own_pages() {
    let Some(mut stage) = Stage::set_up().await else { return };
    stage.sign_in().await;
    let connection = stage.connection();
    assert_eq!(connection["state"], "active");
    assert_eq!(connection["scopes"], serde_json::json!(["openid", "offline_access"]));
    assert_eq!(connection["refreshable"], true);
    let called = stage.world.run(&["call", "who", "whoami"]);
    assert!(called.code == 0 && called.stdout.contains("ada"), "{}{}", called.stdout, called.stderr);
    assert_eq!(stage.provider.issued("access_token").len(), 1);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_cancels_there_has_no_connection() {
    let Some(mut stage) = Stage::set_up().await else { return };
    let ran = stage.install(Choice::Cancel).await;
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert!(ran.stderr.contains("access_denied"), "{}", ran.stderr);
    assert_eq!(stage.provider.happened(), tally(&[("authorization.error access_denied", 1)]));
    assert!(stage.world.json(&["connections", "list"])["connections"].as_array().unwrap().is_empty());
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_another_issuer_than_the_files_redeems_no_code() {
    let other = |file: String| {
        let line = file.lines().find(|line| line.starts_with("issuer = ")).unwrap();
        file.replace(line, "issuer = \"https://honest.example\"")
    };
    let Some(mut stage) = Stage::set_up_with(other).await else { return };
    let ran = stage.install(Choice::Allow).await;
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    // The provider gave its code, and nobody came with it.
    assert_eq!(stage.provider.happened(), tally(&[("authorization.success", 1)]));
    assert_eq!(stage.provider.issued("authorization_code").len(), 1);
    assert!(ran.stderr.contains("issuer"), "{}", ran.stderr);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_certified_provider_lets_nobody_in_without_pkce() {
    let without = |file: String| file.replace("[authorization]\n", "[authorization]\npkce = \"none\"\n");
    let Some(mut stage) = Stage::set_up_with(without).await else { return };
    let ran = stage.install(Choice::Allow).await;
    assert_eq!(ran.code, 1, "{}", ran.stdout);
    assert_eq!(stage.provider.happened(), tally(&[("authorization.error invalid_request", 1)]));
    stage.end().await;
}
