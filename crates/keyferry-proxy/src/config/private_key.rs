//! The key that signs client assertions (RFC 7523): ES256 or RS256, from PEM.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use keyferry_core::{
    flow::client::{RequestError, SignAssertion},
    id::ClientId,
    secret::SecretText,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::clock;

/// How long an assertion is good, in seconds. It is used at once; a longer one would be worth stealing.
const LIFE: i64 = 60;

/// A private key and what it signs with.
pub(super) struct PrivateKey {
    key: EncodingKey,
    header: Header,
}

/// The claims of RFC 7523 §3.
#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    jti: String,
    iat: i64,
    exp: i64,
}

impl PrivateKey {
    /// Reads a key: PKCS #8, or what OpenSSL writes for its kind.
    pub(super) fn from_pem(pem: &SecretText, key_id: Option<String>) -> Option<Self> {
        let bytes = pem.expose_secret().as_bytes();
        let elliptic = EncodingKey::from_ec_pem(bytes).map(|key| (key, Algorithm::ES256));
        let (key, algorithm) =
            elliptic.or_else(|_| EncodingKey::from_rsa_pem(bytes).map(|key| (key, Algorithm::RS256))).ok()?;
        let mut header = Header::new(algorithm);
        header.kid = key_id;
        let key = Self { key, header };
        // A key that can't sign is found out at the start, not at the first sign-in.
        key.sign(&"probe".parse().ok()?, "https://probe.example/").map(|_| key).ok()
    }

    fn sign(&self, client_id: &ClientId, audience: &str) -> Result<SecretText, RequestError> {
        let mut random = Zeroizing::new([0; 16]);
        getrandom::fill(random.as_mut_slice()).map_err(|_| RequestError::Assertion)?;
        let now = clock::now().as_second();
        let claims = Claims {
            iss: client_id.as_str(),
            sub: client_id.as_str(),
            aud: audience,
            jti: URL_SAFE_NO_PAD.encode(random.as_slice()),
            iat: now,
            exp: now + LIFE,
        };
        let signed = encode(&self.header, &claims, &self.key).map_err(|_| RequestError::Assertion)?;
        SecretText::new(signed).map_err(|_| RequestError::Assertion)
    }
}

impl SignAssertion for PrivateKey {
    fn assertion(&self, client_id: &ClientId, audience: &str) -> Result<SecretText, RequestError> {
        self.sign(client_id, audience)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PrivateKey([redacted] {:?})", self.header.alg)
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode};
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData};
    use serde_json::Value;

    use super::*;

    #[test]
    fn an_assertion_names_the_client_and_the_endpoint_and_is_verified_by_its_public_key() {
        for (algorithm, expected) in
            [(&PKCS_ECDSA_P256_SHA256, Algorithm::ES256), (&PKCS_RSA_SHA256, Algorithm::RS256)]
        {
            let pair = KeyPair::generate_for(algorithm).unwrap();
            let pem = SecretText::new(pair.serialize_pem()).unwrap();
            let key = PrivateKey::from_pem(&pem, Some("k1".to_owned())).unwrap();
            assert!(!format!("{key:?}").contains("PRIVATE"));
            let sign = || key.assertion(&"client".parse().unwrap(), "https://a.example/token").unwrap();
            let (one, other) = (sign(), sign());
            assert_ne!(one.expose_secret(), other.expose_secret(), "a fresh jti each");
            let public = pair.subject_public_key_info();
            let public = pem_of(&public);
            let public = match expected {
                Algorithm::ES256 => DecodingKey::from_ec_pem(public.as_bytes()),
                _ => DecodingKey::from_rsa_pem(public.as_bytes()),
            };
            let mut validation = Validation::new(expected);
            validation.set_audience(&["https://a.example/token"]);
            let read = decode::<Value>(one.expose_secret(), &public.unwrap(), &validation).unwrap();
            assert_eq!((read.header.alg, read.header.kid.as_deref()), (expected, Some("k1")));
            assert_eq!(
                (read.claims["iss"].as_str(), read.claims["sub"].as_str()),
                (Some("client"), Some("client"))
            );
            assert_eq!(read.claims["exp"].as_i64().unwrap() - read.claims["iat"].as_i64().unwrap(), LIFE);
        }
        assert!(PrivateKey::from_pem(&SecretText::new("no key").unwrap(), None).is_none());
    }

    fn pem_of(der: &[u8]) -> String {
        use base64::engine::general_purpose::STANDARD;
        let lines: Vec<_> = STANDARD
            .encode(der)
            .as_bytes()
            .chunks(64)
            .map(|line| String::from_utf8_lossy(line).into_owned())
            .collect();
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
    }
}
