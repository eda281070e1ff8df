//! The start: what is not right is said, with what to do about it.

use std::{collections::HashMap, sync::Arc};

use keyferry_core::provider::{ProviderFile, ProviderSet};
use keyferry_proxy::{AccessKeys, DotEnv, Proxy, ProxyConfig};

use crate::support::{log::Captured, *};

async fn refusal(config: ProxyConfig) -> String {
    Proxy::bind(config).await.unwrap_err().to_string()
}

#[tokio::test]
async fn an_address_in_use_is_named_with_what_to_do() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let mut config = config(&[], "s");
    config.listen.address = address;
    let text = refusal(config).await;
    assert!(text.starts_with(&format!("{address} is in use")) && text.contains("--listen"), "{text}");
    let mut config = self::config(&[], "s");
    config.listen.metrics = Some(address);
    assert!(refusal(config).await.starts_with(&format!("{address} is in use")));
    let mut config = self::config(&[], "s");
    config.listen.address = "192.0.2.1:0".parse().unwrap();
    config.listen.open = true;
    assert!(refusal(config).await.starts_with("can't listen on 192.0.2.1:0"));
}

#[tokio::test]
async fn a_proxy_that_strangers_reach_has_keys_or_is_meant_to_be_open() {
    let outside = |keys: &str, open| {
        let mut config = config(&[], "s");
        config.listen.address = "0.0.0.0:0".parse().unwrap();
        config.listen.open = open;
        config.access = AccessKeys::parse(keys).unwrap();
        config
    };
    let text = refusal(outside("", false)).await;
    assert!(text.contains("KEYFERRY_PROXY_ACCESS_KEYS") && text.contains("KEYFERRY_PROXY_OPEN"), "{text}");
    assert!(Proxy::bind(outside("", true)).await.is_ok());
    assert!(Proxy::bind(outside("a=a-key-of-more-than-24-characters", false)).await.is_ok());
}

#[tokio::test]
async fn the_whole_configuration_comes_from_the_environment_and_a_dotenv_file() {
    let sandbox = sandbox().await;
    let folder = tempfile::tempdir().unwrap();
    let secret_file = folder.path().join("secret");
    std::fs::write(&secret_file, format!("{}\n", sandbox.client_secret().expose_secret())).unwrap();
    let dotenv = folder.path().join(".env");
    let text = format!(
        "SANDBOX_CLIENT_ID=keyferry-sandbox\nSANDBOX_CLIENT_SECRET_FILE={}\nHALF_CLIENT_ID=x\n\
         KEYFERRY_PROXY_LISTEN=127.0.0.1:1\n",
        secret_file.display()
    );
    std::fs::write(&dotenv, text).unwrap();
    let process = HashMap::from([("KEYFERRY_PROXY_LISTEN", "127.0.0.1:0")]);
    let file = DotEnv::read(&dotenv).unwrap();
    let lookup = file.behind(|name| process.get(name).map(|value| (*value).to_owned()));
    let mut set = ProviderSet::default();
    for (name, file) in [
        ("sandbox", sandbox.provider_file()),
        ("half", sandbox.provider_file().replace("client_id", "notes = \"\"\n# client_id")),
    ] {
        let file = file.replacen("notes = \"\"\n", "", 1);
        set.insert(ProviderFile::parse(name.parse().unwrap(), name, &file).unwrap().file);
    }
    let (log, _guard) = Captured::start();
    let config = ProxyConfig::from_environment(Arc::new(set), lookup).unwrap();
    assert!(!format!("{config:?}").contains(sandbox.client_secret().expose_secret()));
    let proxy = start(config).await;
    assert_eq!(proxy.token(&redemption(&code(&sandbox).await)).await.status, 200);
    let log = log.text();
    assert!(log.contains("half: HALF_CLIENT_ID is set, HALF_CLIENT_SECRET is not"), "{log}");
    assert!(
        log.contains("\"configured\":\"sandbox\"")
            && log.contains("\"refresh_tokens_sealed_under\":\"client secrets\"")
    );
    assert!(!log.contains(sandbox.client_secret().expose_secret()));
}

#[test]
fn the_built_in_providers_all_have_endpoints_that_can_be_called() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut config = ProxyConfig::new(Arc::new(ProviderSet::builtin().unwrap()));
    config.listen.address.set_port(0);
    assert!(runtime.block_on(Proxy::bind(config)).is_ok());
}
