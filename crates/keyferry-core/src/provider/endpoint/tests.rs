use proptest::prelude::*;

use super::*;
use crate::{fact::Facts, provider::config::Pattern, secret::SecretText};

fn facts(value: &str) -> Facts {
    [("x".parse().unwrap(), SecretText::new(value).unwrap())].into_iter().collect()
}

fn resolve(template: &str, value: &str) -> Result<String, UnresolvedEndpoint> {
    let facts = facts(value);
    let values = Values { config: Some(&facts), metadata: Some(&facts), ..Values::default() };
    EndpointTemplate::parse(template).unwrap().resolve(&values).map(|endpoint| endpoint.as_str().to_owned())
}

fn rule(template: &str, pattern: Option<&str>) -> HostRule {
    let field = ConfigField {
        title: String::new(),
        description: None,
        pattern: pattern.map(|text| Pattern::parse(text).unwrap()),
        default: None,
    };
    EndpointTemplate::parse(template).unwrap().host_rule(|_| Some(&field))
}

#[test]
fn a_value_stands_in_its_place() {
    let table = [
        ("https://{config.x}.zendesk.com/oauth/tokens", "acme", "https://acme.zendesk.com/oauth/tokens"),
        ("https://{config.x}/oauth/token", "git.acme.example", "https://git.acme.example/oauth/token"),
        (
            "https://login.a.example/{config.x}/token",
            "a b/../c?d#e",
            "https://login.a.example/a%20b%2F..%2Fc%3Fd%23e/token",
        ),
        ("https://a.example/c/{metadata.x}?t={config.x}", "1&2", "https://a.example/c/1%262?t=1%262"),
        ("https://a.example/token", "unused", "https://a.example/token"),
    ];
    for (template, value, expected) in table {
        assert_eq!(resolve(template, value).as_deref(), Ok(expected), "{template}");
    }
    assert_eq!(
        EndpointTemplate::parse("https://a.example/{config.y}")
            .unwrap()
            .resolve(&Values::default())
            .unwrap_err(),
        UnresolvedEndpoint::Missing(Word::Config("y".parse().unwrap()))
    );
}

#[test]
fn a_value_can_not_change_the_host() {
    let word = Word::Config("x".parse().unwrap());
    for bad in [
        "evil.test/",
        "evil.test/#",
        "evil.test#",
        "evil.test?",
        "a@evil.test",
        "evil.test:443",
        "evil.test\\",
        "a b",
        "a%2eb",
        "%2f",
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a.",
        "-a",
        "a-",
        "ä",
        "xn--",
        "a\tb",
        "a\nb",
        "[::1]",
        "*",
        "{config.x}",
    ] {
        let whole = resolve("https://{config.x}/token", bad);
        assert!(whole.is_err(), "{bad:?}");
        // As a label of its own a hyphen at an end, or `xn--`, is for the whole name to judge.
        if !["xn--", "a-"].contains(&bad) {
            assert!(resolve("https://{config.x}.a.example/token", bad).is_err(), "{bad:?}");
        }
    }
    for private in [
        "127.0.0.1",
        "127.1",
        "10.0.0.1",
        "169.254.169.254",
        "0x7f.1",
        "2130706433",
        "1.0.0.127.in-addr.arpa",
    ] {
        let refused = resolve("https://{config.x}/token", private).unwrap_err();
        assert_eq!(refused, UnresolvedEndpoint::Host(word.clone()), "{private}");
    }
    for (template, bad) in [
        ("https://a.example/{config.x}/t", "."),
        ("https://a.example/{config.x}/t", ".."),
        ("https://a.example/v/.{config.x}/t", "."),
        ("https://a.example/v/{config.x}{config.x}", "."),
        ("https://a.example/v/%2E{config.x}?q", "."),
        ("https://a.example/v/%2{config.x}/t", "e"),
    ] {
        assert!(matches!(resolve(template, bad), Err(UnresolvedEndpoint::Path(_))), "{template}");
    }
    assert_eq!(resolve("https://a.example/t?q={config.x}", ".").unwrap(), "https://a.example/t?q=.");
}

#[test]
fn what_can_not_stand_in_a_url_is_refused() {
    use InvalidEndpoint::*;
    let bad = |text: &str| EndpointTemplate::parse(text).unwrap_err();
    assert!(matches!(bad("https://{metadata.x}/token"), HostWord(_)));
    assert!(matches!(bad("https://{account}.a.example/token"), HostWord(_)));
    assert!(matches!(bad("https://a.example/{access_token}"), Word(_)));
    assert!(matches!(bad("https://a.example/{nothing}"), Template(_)));
    assert!(matches!(bad("https://a.example/{"), Template(_)));
    assert!(matches!(bad("http://{config.x}.a.example/"), Url(InvalidUrl::Insecure)));
    assert!(matches!(bad("https://u@{config.x}/"), Url(InvalidUrl::UserInfo)));
    assert!(matches!(bad("https://a.example/{config.x}#f"), Url(InvalidUrl::Fragment)));
    assert!(matches!(bad("{config.x}://a.example/"), Url(InvalidUrl::Insecure)));
    assert!(matches!(bad("{config.x}"), Url(_)));
}

#[test]
fn it_is_known_which_hosts_an_endpoint_can_become() {
    let within = |hosts: &[&str]| HostRule::Within(hosts.iter().map(|host| (*host).to_owned()).collect());
    let table = [
        ("https://a.example/token", None, within(&["a.example"])),
        ("https://{config.x}.zendesk.com/token", Some("[a-z]+"), within(&[".zendesk.com"])),
        ("https://{config.x}.zendesk.com/token", None, within(&[".zendesk.com"])),
        ("https://{config.x}.zendesk.com/token", Some("[a-z]+[0-9]"), within(&[".zendesk.com"])),
        ("https://{config.x}/token", Some(r"[a-z0-9.-]*okta\.co\.uk"), HostRule::Anywhere),
        ("https://{config.x}/token", Some(r"[a-z0-9-]+\.okta\.com"), within(&[".okta.com"])),
        (
            "https://{config.x}/token",
            Some(r"[a-z]+\.(okta|oktapreview)\.com"),
            within(&[".okta.com", ".oktapreview.com"]),
        ),
        (
            "https://{config.x}.salesforce.com/token",
            Some("login|test"),
            within(&["login.salesforce.com", "test.salesforce.com"]),
        ),
        (
            "https://accounts.zoho.{config.x}/token",
            Some(r"com|eu|com\.au"),
            within(&["accounts.zoho.com", "accounts.zoho.eu", "accounts.zoho.com.au"]),
        ),
        ("https://{config.x}/token", Some("[a-z0-9-]+.okta.com"), HostRule::Anywhere),
        ("https://{config.x}/token", Some(r"[a-z0-9.-]+okta\.com"), HostRule::Anywhere),
        ("https://{config.x}/token", Some(r"[a-z0-9.-]+\.com"), HostRule::Anywhere),
        ("https://{config.x}/token", Some("[a-z.]+"), HostRule::Anywhere),
        ("https://{config.x}/token", None, HostRule::Anywhere),
        ("https://a{config.x}.com/token", Some("[a-z]+"), HostRule::Anywhere),
        ("https://a.example/{config.x}", None, within(&["a.example"])),
    ];
    for (template, pattern, expected) in table {
        let mut rule = rule(template, pattern);
        if let HostRule::Within(hosts) = &mut rule {
            hosts.sort();
        }
        let mut expected = expected;
        if let HostRule::Within(hosts) = &mut expected {
            hosts.sort();
        }
        assert_eq!(rule, expected, "{template} {pattern:?}");
    }
    let zendesk = rule("https://{config.x}.zendesk.com/token", None);
    for (host, allowed) in [
        ("acme.zendesk.com", true),
        ("zendesk.com", false),
        (".zendesk.com", false),
        ("evilzendesk.com", false),
        ("acme.zendesk.com.evil.test", false),
    ] {
        assert_eq!(zendesk.allows(host), allowed, "{host}");
    }
}

proptest! {
    #[test]
    fn no_value_leaves_its_place(value in "\\PC{0,40}") {
        for (template, end) in [("https://{config.x}.a.example/t", ".a.example"), ("https://a.example/{config.x}/t?q={config.x}", "a.example")] {
            if let Ok(url) = resolve(template, &value) {
                let url = url::Url::parse(&url).unwrap();
                prop_assert!(url.host_str().unwrap().ends_with(end));
                prop_assert!(url.path().ends_with("/t") && url.path().matches('/').count() <= 2, "{}", url);
                prop_assert!(url.username().is_empty() && url.port().is_none() && url.fragment().is_none());
            }
        }
    }
}
