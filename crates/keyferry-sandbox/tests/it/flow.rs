//! The whole path at once, and what the sandbox tells about itself.

use keyferry_core::provider::ProviderFile;
use keyferry_sandbox::{Sandbox, SandboxConfig, SandboxSecret, consent};

use crate::support::*;

#[tokio::test]
async fn a_person_signs_in_and_the_token_opens_the_api() {
    let sandbox = sandbox().await;
    let redirect = consent::approve(&authorization_url(&sandbox, good_request())).await.unwrap();
    assert!(redirect.expose_url().starts_with(REDIRECT_URI));
    assert_eq!(redirect.parameter("state").as_deref(), Some("st ate&é"));
    assert_eq!(redirect.parameter("iss").as_deref(), Some(sandbox.base_url()));
    let reply = redeem(&sandbox, &redirect.parameter("code").unwrap()).await;
    assert_eq!(
        (reply.json()["token_type"].clone(), reply.json()["expires_in"].clone()),
        ("Bearer".into(), 3600.into())
    );
    let tokens = reply.tokens();
    assert_eq!(tokens.scope, SCOPES);
    let me = api(&sandbox, "/api/me", &tokens.access).await;
    assert_eq!(me.json()["email"], "ada@sandbox.example");
    let renewed = refresh(&sandbox, tokens.refresh()).await.tokens();
    assert_eq!(api(&sandbox, "/api/me", &renewed.access).await.status, 200);
    sandbox.shutdown().await;
}

#[tokio::test]
async fn the_provider_file_names_this_sandbox() {
    let sandbox = sandbox().await;
    let file = sandbox.provider_file();
    assert!(!file.contains("7668"));
    for endpoint in ["/authorize", "/token", "/revoke"] {
        assert!(file.contains(&format!("\"{}{endpoint}\"", sandbox.base_url())), "{endpoint}");
    }
}

#[tokio::test]
async fn the_provider_file_is_read_without_findings_and_tells_the_truth() {
    let sandbox = sandbox().await;
    let name = "sandbox".parse().unwrap();
    let checked = ProviderFile::parse(name, "sandbox.toml", &sandbox.provider_file()).unwrap();
    assert!(checked.warnings.is_empty());
    let file = checked.file;
    assert_eq!(file.client_id.as_ref().unwrap().as_str(), sandbox.client_id());
    let authorization = &file.oauth().unwrap().authorization;
    assert_eq!(authorization.issuer.as_ref().unwrap().as_str(), sandbox.base_url());
    assert_eq!(authorization.scopes.join(" "), SCOPES);
}

#[tokio::test]
async fn the_sandbox_listens_on_loopback_only() {
    let config = SandboxConfig { listen: ([0, 0, 0, 0], 0).into(), ..SandboxConfig::default() };
    assert_eq!(Sandbox::start(config).await.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let sandbox = sandbox().await;
    let config = SandboxConfig { listen: sandbox.address(), ..SandboxConfig::default() };
    assert_eq!(Sandbox::start(config).await.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn every_secret_is_in_the_ledger_and_in_no_debug_text() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let given = SandboxSecret::new("a given secret");
    let sandbox = sandbox_with(|config| {
        config.ledger_file = Some(file.clone());
        config.client_secret = Some(given.clone());
    })
    .await;
    let mut waiting = good_request();
    waiting.insert("state", "a-secret-state".to_owned());
    send(http().get(authorization_url(&sandbox, waiting))).await;
    let code = code(&sandbox).await;
    let first = redeem(&sandbox, &code).await.tokens();
    let second = refresh(&sandbox, first.refresh()).await.tokens();
    let ledger = sandbox.ledger();
    let secrets = [&code, &first.access, first.refresh(), &second.access, second.refresh(), "a given secret"];
    for secret in secrets.into_iter().chain([sandbox.control_key().expose_secret()]) {
        assert!(ledger.iter().any(|entry| entry == secret));
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap().lines().collect::<Vec<_>>(), ledger);
    let shown = format!("{sandbox:?} {:?} {given:?}", sandbox.recorded_token_requests());
    assert!(
        !ledger.iter().any(|secret| shown.contains(secret.as_str())) && !shown.contains("a-secret-state")
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_ledger_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ledger");
    let _sandbox = sandbox_with(|config| config.ledger_file = Some(file.clone())).await;
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn the_metadata_tells_the_truth() {
    let sandbox = sandbox().await;
    let base = sandbox.base_url();
    let reply = send(http().get(format!("{base}/.well-known/oauth-authorization-server"))).await;
    let metadata = reply.json();
    assert_eq!(metadata["issuer"], base);
    for (member, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("revocation_endpoint", "/revoke"),
    ] {
        assert_eq!(metadata[member], format!("{base}{path}"));
    }
    assert_eq!(metadata["code_challenge_methods_supported"], serde_json::json!(["S256"]));
    assert_eq!(metadata["response_types_supported"], serde_json::json!(["code"]));
    assert_eq!(metadata["authorization_response_iss_parameter_supported"], true);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_sandbox_without_a_working_ledger_does_not_start() {
    let config = SandboxConfig { ledger_file: Some("/dev/full".into()), ..SandboxConfig::default() };
    assert_eq!(Sandbox::start(config).await.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}

/// The ledger is a pipe here: once its reader is gone, every write fails.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_secret_that_cannot_be_noted_down_is_not_issued_and_costs_no_code() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("ledger");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = || tokio::net::unix::pipe::OpenOptions::new().read_write(true).open_receiver(&pipe).unwrap();
    let first_reader = reader();
    let sandbox = sandbox_with(|config| config.ledger_file = Some(pipe.clone())).await;
    let (code, tokens) = (code(&sandbox).await, tokens(&sandbox).await);
    drop(first_reader);
    assert_eq!(redeem(&sandbox, &code).await.error(), (500, "server_error".to_owned()));
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.error(), (500, "server_error".to_owned()));
    assert_eq!(send(http().get(authorization_url(&sandbox, good_request()))).await.status, 503);
    let _second_reader = reader();
    assert_eq!(redeem(&sandbox, &code).await.status, 200);
    assert_eq!(refresh(&sandbox, tokens.refresh()).await.status, 200);
}
