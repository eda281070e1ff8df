//! The token endpoint behind every target. It answers at once, so that what is measured is the target.

use std::{
    convert::Infallible,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use crate::{error::LoadError, line};

/// Where a target that adds the client's credentials asks. One that only forwards asks elsewhere.
const CONFIDENTIAL: &str = "/token";

/// A reply of usual size.
const TOKENS: &str = concat!(
    r#"{"access_token":"bench-access-token-of-usual-length-bench-access-token-of-usual-length-0123456789","#,
    r#""token_type":"Bearer","expires_in":3600,"refresh_token":"bench-refresh-token-of-usual-length-0123456789","#,
    r#""scope":"notes:read notes:write"}"#
);

/// Longest request, in bytes.
const LONGEST: usize = 16 * 1024;

/// How to answer.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    /// Answer in TLS, with a certificate for localhost of an authority that is written to this file
    #[arg(long, value_name = "FILE")]
    authority: Option<PathBuf>,
}

/// Answers until standard input ends, which it does when whoever started us is gone.
pub(crate) async fn serve(plan: &Plan) -> Result<(), LoadError> {
    let tls = plan.authority.as_deref().map(tls).transpose()?;
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    line(&serde_json::json!({ "address": format!("{scheme}://{}", listener.local_addr()?) }).to_string())?;
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0; 64];
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted?;
                stream.set_nodelay(true)?;
                match tls.clone() {
                    None => drop(tokio::spawn(connection(stream))),
                    Some(tls) => drop(tokio::spawn(async move {
                        if let Ok(stream) = tls.accept(stream).await {
                            connection(stream).await;
                        }
                    })),
                }
            }
            read = stdin.read(&mut ignored) => if read? == 0 { return Ok(()) },
        }
    }
}

/// An authority of its own, whose certificate goes to a file, and a server's certificate of it.
fn tls(file: &Path) -> Result<TlsAcceptor, LoadError> {
    let mut authority = CertificateParams::new([])?;
    // Named otherwise than the certificate, which would seem to be its own issuer.
    authority.distinguished_name.push(DnType::CommonName, "benchmark");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;
    std::fs::write(file, authority.pem())?;
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.signed_by(&key, &authority)?;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let config = ServerConfig::builder().with_no_client_auth();
    Ok(TlsAcceptor::from(Arc::new(config.with_single_cert(vec![certificate.into()], key)?)))
}

/// Serves one connection. How it ends is its target's affair, which the load reports.
async fn connection(stream: impl AsyncRead + AsyncWrite + Unpin) {
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let confidential = request.uri().path() == CONFIDENTIAL;
    let body = Limited::new(request.into_body(), LONGEST).collect().await;
    let body = body.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Ok(reply(confidential, &body))
}

/// Refuses what no provider would accept: otherwise a target could be quick by doing less.
fn reply(confidential: bool, form: &[u8]) -> Response<Full<Bytes>> {
    let wanted: &[&[u8]] = if confidential {
        &[b"code=", b"code_verifier=", b"client_id=", b"client_secret="]
    } else {
        &[b"code=", b"code_verifier="]
    };
    let has = |name: &&[u8]| form.split(|byte| *byte == b'&').any(|pair| pair.starts_with(name));
    let (status, text) = if wanted.iter().all(has) {
        (StatusCode::OK, TOKENS)
    } else {
        (StatusCode::BAD_REQUEST, r#"{"error":"invalid_request"}"#)
    };
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_adds_no_credentials_gets_no_tokens() {
        let forwarded = b"code=x&code_verifier=y";
        let complete = b"code=x&code_verifier=y&client_id=i&client_secret=s";
        assert_eq!(reply(true, complete).status(), StatusCode::OK);
        assert_eq!(reply(true, forwarded).status(), StatusCode::BAD_REQUEST);
        assert_eq!(reply(false, forwarded).status(), StatusCode::OK);
        assert_eq!(reply(false, b"").status(), StatusCode::BAD_REQUEST);
    }
}
