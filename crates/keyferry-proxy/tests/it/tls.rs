//! TLS in the proxy itself.

use std::path::Path;

use keyferry_core::provider::ProviderSet;
use keyferry_proxy::{ProxyConfig, TlsFiles};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client, Version};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::support::*;

/// Writes a certificate for this name and its key. What is in the folder is replaced.
pub(crate) fn certify(folder: &Path, name: &str) -> Certificate {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    std::fs::write(folder.join("certificate"), cert.pem()).unwrap();
    std::fs::write(folder.join("key"), signing_key.serialize_pem()).unwrap();
    Certificate::from_pem(cert.pem().as_bytes()).unwrap()
}

fn lookup(folder: &Path) -> impl Fn(&str) -> Option<String> {
    let path = |name: &str| Some(folder.join(name).to_str().unwrap().to_owned());
    let (certificate, key) = (path("certificate"), path("key"));
    move |name| match name {
        "KEYFERRY_PROXY_TLS_CERTIFICATE_FILE" => certificate.clone(),
        "KEYFERRY_PROXY_TLS_KEY_FILE" => key.clone(),
        _ => None,
    }
}

pub(crate) fn secure(folder: &TempDir) -> ProxyConfig {
    let mut config = config(&[], "s");
    let at = |name| folder.path().join(name);
    config.tls = Some(TlsFiles { certificate: at("certificate"), key: at("key") });
    config.limits = short_limits();
    config.listen.metrics = Some("127.0.0.1:0".parse().unwrap());
    config
}

async fn ask(proxy: &TestProxy, name: &str, trusted: &Certificate, http1: bool) -> reqwest::Result<Version> {
    let mut client =
        Client::builder().no_proxy().tls_certs_only([trusted.clone()]).resolve(name, proxy.address);
    if http1 {
        client = client.http1_only();
    }
    let url = format!("https://{name}:{}/health", proxy.address.port());
    let reply = client.build()?.get(url).send().await?;
    assert_eq!(reply.status(), 200);
    Ok(reply.version())
}

#[tokio::test]
async fn callers_speak_http2_or_http1_in_tls() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = certify(folder.path(), "proxy.example");
    let proxy = start(secure(&folder)).await;
    assert_eq!(ask(&proxy, "proxy.example", &certificate, false).await.unwrap(), Version::HTTP_2);
    assert_eq!(ask(&proxy, "proxy.example", &certificate, true).await.unwrap(), Version::HTTP_11);
    assert!(ask(&proxy, "other.example", &certificate, false).await.is_err());
}

#[tokio::test]
async fn a_certificate_is_replaced_while_the_proxy_serves_and_a_bad_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = certify(folder.path(), "proxy.example");
    let bound = keyferry_proxy::Proxy::bind(secure(&folder)).await.unwrap();
    let mut updates = bound.updates();
    let proxy = serve(bound);
    let second = certify(folder.path(), "proxy.example");
    updates.reload(&ProviderSet::default(), lookup(folder.path())).unwrap();
    assert!(ask(&proxy, "proxy.example", &second, false).await.is_ok());
    assert!(ask(&proxy, "proxy.example", &first, false).await.is_err());
    std::fs::write(folder.path().join("certificate"), "nothing").unwrap();
    let error = updates.reload(&ProviderSet::default(), lookup(folder.path())).unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    assert!(ask(&proxy, "proxy.example", &second, false).await.is_ok());
    let third = certify(folder.path(), "proxy.example");
    drop((
        certify(
            &folder.path().join(std::fs::create_dir(folder.path().join("x")).map(|()| "x").unwrap()),
            "proxy.example",
        ),
        third,
    ));
    std::fs::copy(folder.path().join("x/key"), folder.path().join("key")).unwrap();
    let error = updates.reload(&ProviderSet::default(), lookup(folder.path())).unwrap_err();
    assert!(error.to_string().contains("together"), "{error}");
    assert!(ask(&proxy, "proxy.example", &second, false).await.is_ok(), "half of a pair was used");
}

#[tokio::test]
async fn who_begins_no_handshake_or_speaks_plainly_is_cut_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = certify(folder.path(), "proxy.example");
    let proxy = start(secure(&folder)).await;
    for bytes in [&b""[..], b"\x16\x03\x01", b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"] {
        let mut stream = TcpStream::connect(proxy.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut reply = Vec::new();
        let _ = timeout(SOON, stream.read_to_end(&mut reply)).await.unwrap();
        assert!(!reply.starts_with(b"HTTP"), "plain HTTP was answered");
    }
    assert!(ask(&proxy, "proxy.example", &certificate, false).await.is_ok());
    let metrics = format!("http://{}/metrics", proxy.metrics_address.unwrap());
    until(|| async {
        send(http().get(&metrics)).await.text().contains("keyferry_proxy_tls_handshakes_failed_total 3\n")
    })
    .await;
}

#[tokio::test]
async fn a_certificate_that_can_not_be_used_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path(), "proxy.example");
    std::fs::write(folder.path().join("key"), "").unwrap();
    let error = keyferry_proxy::Proxy::bind(secure(&folder)).await.unwrap_err().to_string();
    assert!(error.contains("private key") && error.contains(folder.path().to_str().unwrap()), "{error}");
}
