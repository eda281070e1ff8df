//! TLS, with certificate authorities of the tests' own: a good certificate is the control for each bad one.

use std::{net::SocketAddr, sync::Arc};

use keyferry_core::{
    delivery::Values,
    flow::{
        client::ClientCredentials,
        refresh::{RefreshGrant, refresh_request},
    },
    provider::ProviderFile,
    secret::RefreshToken,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::TraceExport;

const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    roots: RootCertStore,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        Self { pem: certificate.pem(), issuer: Issuer::new(params, key), roots }
    }

    /// A server's configuration with a certificate for this name, valid until this year.
    fn server(&self, name: &str, until: i32) -> ServerConfig {
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap()
    }

    fn client(&self) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(self.roots.clone())
            .with_no_client_auth()
    }
}

/// A TLS server, or a plain one; counts nothing but answers everything.
async fn serve(config: Option<ServerConfig>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = config.map(|config| TlsAcceptor::from(Arc::new(config)));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4_096];
                let Some(acceptor) = acceptor else {
                    let _ = stream.read(&mut buffer).await;
                    let _ = stream.write_all(REPLY).await;
                    return;
                };
                let Ok(mut tls) = acceptor.accept(stream).await else { return };
                let _ = tls.read(&mut buffer).await;
                let _ = tls.write_all(REPLY).await;
                let _ = tls.shutdown().await;
            });
        }
    });
    address
}

async fn ask(upstream: &Upstream, host: &str, address: SocketAddr) -> Result<StatusCode, Fault> {
    let endpoint = format!("https://{host}:{}/token", address.port());
    let text = format!(
        "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\n[token]\nendpoint = \"{endpoint}\"\n"
    );
    let file = ProviderFile::parse("acme".parse().unwrap(), "acme", &text).unwrap().file;
    let client = ClientCredentials { client_id: "me".parse().unwrap(), client_secret: None, signer: None };
    let token = RefreshToken::new("r").unwrap();
    let grant = RefreshGrant { token, redirect_uri: None };
    let request = refresh_request(file.oauth().unwrap(), &client, &grant, &Values::default()).unwrap();
    let request = UpstreamRequest::new(None, &request).unwrap();
    upstream.send("acme", request).await.map(|reply| reply.status)
}

#[tokio::test]
async fn a_certificate_is_checked_for_its_authority_name_and_date() {
    let (ours, other) = (Authority::new(), Authority::new());
    let upstream = Upstream::with_tls(&Limits::default(), &Outside::default(), ours.client());
    let good = serve(Some(ours.server("localhost", 2090))).await;
    assert_eq!(ask(&upstream, "localhost", good).await, Ok(StatusCode::OK));
    let table = [
        ("another authority", Some(other.server("localhost", 2090))),
        ("another name", Some(ours.server("elsewhere.example", 2090))),
        ("expired", Some(ours.server("localhost", 2021))),
        ("no TLS at all", None),
    ];
    for (what, config) in table {
        let address = serve(config).await;
        assert_eq!(ask(&upstream, "localhost", address).await, Err(Fault::Tls), "{what}");
    }
    assert_eq!(ask(&upstream, "127.0.0.1", good).await, Err(Fault::Tls), "an address for a name");
}

#[tokio::test]
async fn the_platform_vouches_for_no_certificate_of_the_tests() {
    let authority = Authority::new();
    let upstream = Upstream::new(&Limits::default(), &Outside::default()).unwrap();
    let address = serve(Some(authority.server("localhost", 2090))).await;
    assert_eq!(ask(&upstream, "localhost", address).await, Err(Fault::Tls));
}

#[tokio::test]
async fn a_handshake_that_stalls_ends_with_the_connect_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let limits = Limits { connect: Duration::from_millis(100), ..Limits::default() };
    let upstream = Upstream::with_tls(&limits, &Outside::default(), Authority::new().client());
    let started = tokio::time::Instant::now();
    let asked = ask(&upstream, "localhost", listener.local_addr().unwrap()).await;
    assert_eq!(asked, Err(Fault::Unreachable));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_authority_of_the_operators_counts_beside_the_platforms() {
    let (ours, other) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &ours.pem).unwrap();
    let outside = Outside { authorities: Some(path.clone()), ..Outside::default() };
    let upstream = Upstream::new(&Limits::default(), &outside).unwrap();
    let table = [
        (ours.server("localhost", 2090), Ok(StatusCode::OK)),
        (other.server("localhost", 2090), Err(Fault::Tls)),
        (ours.server("elsewhere.example", 2090), Err(Fault::Tls)),
        (ours.server("localhost", 2021), Err(Fault::Tls)),
    ];
    for (server, expected) in table {
        assert_eq!(ask(&upstream, "localhost", serve(Some(server)).await).await, expected);
    }
    for text in ["", "no certificate"] {
        std::fs::write(&path, text).unwrap();
        let refused = Upstream::new(&Limits::default(), &outside).err().unwrap().to_string();
        assert!(refused.starts_with("KEYFERRY_PROXY_CA_FILE"), "{refused}");
    }
}

#[tokio::test]
async fn a_collectors_certificate_is_checked_as_a_providers_is() {
    let ours = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &ours.pem).unwrap();
    let outside = Outside { authorities: Some(path), ..Outside::default() };
    let send = async |outside: &Outside, address: SocketAddr| {
        let endpoint = format!("https://localhost:{}/v1/traces", address.port()).parse().unwrap();
        let collector = Collector::new(&TraceExport::new(endpoint), &Limits::default(), outside).unwrap();
        collector.send(Bytes::new()).await.map(|answer| answer.len())
    };
    let good = serve(Some(ours.server("localhost", 2090))).await;
    assert!(matches!(send(&outside, good).await, Ok(2)));
    assert!(matches!(send(&Outside::default(), good).await, Err(NotTaken::Connection(_))));
    for config in [Some(ours.server("elsewhere.example", 2090)), Some(ours.server("localhost", 2021)), None] {
        let address = serve(config).await;
        assert!(matches!(send(&outside, address).await, Err(NotTaken::Connection(_))));
    }
}

/// A proxy that takes one CONNECT a connection, and carries it on to `target`. Says where it was asked to go.
async fn tunnel(
    target: SocketAddr,
    status: &'static str,
) -> (SocketAddr, Arc<std::sync::Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(near.read_u8().await.unwrap());
            }
            let line = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
            kept.lock().unwrap().push(line);
            near.write_all(format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()).await.unwrap();
            let mut far = tokio::net::TcpStream::connect(target).await.unwrap();
            let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        }
    });
    (address, asked)
}

#[tokio::test]
async fn https_goes_out_through_the_egress_proxy_and_is_checked_to_its_end() {
    let authority = Authority::new();
    let server = serve(Some(authority.server("provider.example", 2090))).await;
    let (proxy, asked) = tunnel(server, "200 OK").await;
    let egress = Some(format!("http://{proxy}").parse().unwrap());
    let outside = Outside { egress, ..Outside::default() };
    let upstream = Upstream::with_tls(&Limits::default(), &outside, authority.client());
    assert_eq!(ask(&upstream, "provider.example", server).await, Ok(StatusCode::OK));
    assert_eq!(ask(&upstream, "other.example", server).await, Err(Fault::Tls));
    let connect = format!("CONNECT provider.example:{} HTTP/1.1", server.port());
    assert_eq!(asked.lock().unwrap().first(), Some(&connect));

    let (refusing, _) = tunnel(server, "403 Forbidden").await;
    let egress = Some(format!("http://{refusing}").parse().unwrap());
    let outside = Outside { egress, ..Outside::default() };
    let upstream = Upstream::with_tls(&Limits::default(), &outside, authority.client());
    assert_eq!(ask(&upstream, "provider.example", server).await, Err(Fault::Unreachable));
}

#[tokio::test]
async fn https_to_a_collector_goes_out_through_the_egress_proxy_too_and_plain_http_does_not() {
    let authority = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &authority.pem).unwrap();
    let (secure, plain) = (serve(Some(authority.server("collector.example", 2090))).await, serve(None).await);
    let (proxy, asked) = tunnel(secure, "200 OK").await;
    let egress = Some(format!("http://{proxy}").parse().unwrap());
    let outside = Outside { authorities: Some(path), egress, ..Outside::default() };
    for endpoint in ["https://collector.example/v1/traces".to_owned(), format!("http://{plain}/v1/traces")] {
        let export = TraceExport::new(endpoint.parse().unwrap());
        let collector = Collector::new(&export, &Limits::default(), &outside).unwrap();
        let answer = collector.send(Bytes::new()).await;
        assert_eq!(answer.map(|answer| answer.len()).map_err(|error| error.to_string()), Ok(2), "{endpoint}");
    }
    assert_eq!(*asked.lock().unwrap(), ["CONNECT collector.example:443 HTTP/1.1"]);
}

#[test]
fn a_silent_connection_is_given_up_before_the_exchanges_on_it_are() {
    assert!(PING + PONG < Limits::default().exchange);
}
