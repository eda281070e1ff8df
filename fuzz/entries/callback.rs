//! What holds for any query that comes to the proxy's callback: it goes to the person's own machine or nowhere, and brings nothing along
//! that is no part of an answer.

use std::{collections::BTreeMap, sync::LazyLock};

use keyferry_core::{
    flow::send_on::{ReturnTo, send_on, told_error},
    provider::ProviderFile,
};
use url::{Host, Url};

const FILE: &str = "display_name = \"A\"\n[authorization]\nendpoint = \"https://a.example/a\"\nredirect = \"proxy\"\n\
    [callback]\nmetadata = [\"realmId\"]\n[token]\nendpoint = \"https://a.example/t\"\n";

static ACME: LazyLock<Option<std::sync::Arc<ProviderFile>>> =
    LazyLock::new(|| Some(ProviderFile::parse("acme".parse().ok()?, "acme.toml", FILE).ok()?.file.into()));

pub(crate) fn check(bytes: &[u8]) {
    let Ok(query) = std::str::from_utf8(bytes) else { return };
    let Some((file, oauth)) = ACME.as_ref().and_then(|file| Some((file, file.oauth()?))) else {
        panic!("the provider file of this target is no good")
    };
    if let Some(code) = told_error(query) {
        assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
    }
    let Some(sent) = send_on(&file.name, oauth, query) else { return };
    let text = sent.url.expose_secret();
    let url = Url::parse(text).expect("an answer goes to an address");
    let host = match sent.to {
        ReturnTo::Ipv4(_) => Some(Host::Ipv4(std::net::Ipv4Addr::LOCALHOST)),
        ReturnTo::Ipv6(_) => Some(Host::Ipv6(std::net::Ipv6Addr::LOCALHOST)),
        ReturnTo::App => Some(Host::Domain("oauth-callback")),
    };
    assert_eq!(url.host().map(|host| host.to_owned()), host.map(|host| host.to_owned()), "{text}");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{text}");
    match sent.to {
        ReturnTo::Ipv4(port) | ReturnTo::Ipv6(port) => {
            assert!(port >= 1_024 && url.port() == Some(port) && url.scheme() == "http", "{text}");
            assert_eq!(url.path(), "/oauth/callback/acme");
        }
        ReturnTo::App => assert!(url.scheme() == "keyferry" && url.path() == "/acme", "{text}"),
    }
    // A header can carry it, and a page can show it as an address.
    assert!(text.bytes().all(|byte| byte.is_ascii_graphic()), "{text}");
    let came = counts(query);
    for (name, count) in counts(url.query().unwrap_or_default()) {
        let known = ["state", "iss", "error", "error_description", "error_uri", "code", "realmId"];
        assert!(known.contains(&&*name), "{name}");
        assert!(came.get(&name).is_some_and(|before| *before >= count), "{name} was made up");
    }
}

fn counts(query: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for (name, _) in url::form_urlencoded::parse(query.as_bytes()) {
        *counts.entry(name.into_owned()).or_default() += 1;
    }
    counts
}
