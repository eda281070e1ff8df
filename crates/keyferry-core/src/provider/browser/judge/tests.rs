use super::*;
use crate::provider::ProviderFile;

fn browser(allow_hosts: &str) -> Browser {
    let file = format!(
        "display_name = \"A\"\n[browser]\nlogin_url = \"https://atlassian.net/login\"\nallow_hosts = {allow_hosts}\n\
         extract_on = \"https://atlassian.net/home\"\n[browser.tokens]\naccess_token = {{ cookie = \"c\" }}\n\
         [env]\nA = \"{{access_token}}\"\n"
    );
    let name = "acme".parse().unwrap();
    let read = ProviderFile::parse(name, "acme.toml", &file);
    read.unwrap_or_else(|findings| panic!("{findings}")).file.browser().unwrap().clone()
}

/// Addresses that look like `atlassian.net`, or a host below it, to a person or to a careless comparison.
const LOOK_ALIKES: [(&str, RefusedFor, &str); 40] = [
    ("https://atlassian.net.evil.example/", RefusedFor::NotListed, "atlassian.net.evil.example"),
    ("https://evilatlassian.net/", RefusedFor::NotListed, "evilatlassian.net"),
    ("https://evil-atlassian.net/", RefusedFor::NotListed, "evil-atlassian.net"),
    ("https://atlassian.network/", RefusedFor::NotListed, "atlassian.network"),
    ("https://atlassian.ne/", RefusedFor::NotListed, "atlassian.ne"),
    ("https://atlassian.net./", RefusedFor::NotListed, "atlassian.net."),
    ("https://a.atlassian.net./", RefusedFor::NotListed, "a.atlassian.net."),
    ("https://net/", RefusedFor::NotListed, "net"),
    ("https://atlassiannet/", RefusedFor::NotListed, "atlassiannet"),
    ("https://atlassian-net.example/", RefusedFor::NotListed, "atlassian-net.example"),
    ("https://atlassian.net@evil.example/", RefusedFor::UserInfo, "evil.example"),
    ("https://atlassian.net:443@evil.example/", RefusedFor::UserInfo, "evil.example"),
    ("https://atlassian.net%2f@evil.example/", RefusedFor::UserInfo, "evil.example"),
    ("https://evil.example@atlassian.net/", RefusedFor::UserInfo, "atlassian.net"),
    ("https://:pass@atlassian.net/", RefusedFor::UserInfo, "atlassian.net"),
    ("https://evil.example/atlassian.net", RefusedFor::NotListed, "evil.example"),
    ("https://evil.example/?atlassian.net", RefusedFor::NotListed, "evil.example"),
    ("https://evil.example#atlassian.net", RefusedFor::NotListed, "evil.example"),
    ("https://evil.example\\@atlassian.net/", RefusedFor::NotListed, "evil.example"),
    ("https://evil.example\\.atlassian.net/", RefusedFor::NotListed, "evil.example"),
    ("https:evil.example/atlassian.net", RefusedFor::NotListed, "evil.example"),
    ("https:///evil.example/.atlassian.net", RefusedFor::NotListed, "evil.example"),
    ("http://atlassian.net/", RefusedFor::NotHttps, "atlassian.net"),
    ("http://a.atlassian.net/", RefusedFor::NotHttps, "a.atlassian.net"),
    ("https://atlassian.net:8443/", RefusedFor::Port, "atlassian.net:8443"),
    ("https://a.atlassian.net:80/", RefusedFor::Port, "a.atlassian.net:80"),
    ("wss://atlassian.net/", RefusedFor::NotHttps, "atlassian.net"),
    ("ftp://atlassian.net/", RefusedFor::NotHttps, "atlassian.net"),
    ("file://atlassian.net/etc/passwd", RefusedFor::NotHttps, "atlassian.net"),
    ("blob:https://atlassian.net/0", RefusedFor::NoHost, "blob:"),
    ("filesystem:https://atlassian.net/0", RefusedFor::NoHost, "filesystem:"),
    ("view-source:https://atlassian.net/", RefusedFor::NoHost, "view-source:"),
    ("javascript://atlassian.net/%0aalert(1)", RefusedFor::NotHttps, "atlassian.net"),
    ("data:text/html,https://atlassian.net/", RefusedFor::NoHost, "data:"),
    ("about:blank#https://atlassian.net/", RefusedFor::NoHost, "about:"),
    ("https://аtlassian.net/", RefusedFor::NotListed, "xn--tlassian-06g.net"),
    ("https://atlassıan.net/", RefusedFor::NotListed, "xn--atlassan-ykb.net"),
    ("https://xn--tlassian-06g.net/", RefusedFor::NotListed, "xn--tlassian-06g.net"),
    ("https://atlassian.net\u{ff0e}evil.example/", RefusedFor::NotListed, "atlassian.net.evil.example"),
    ("https://127.0.0.1/", RefusedFor::NotListed, "127.0.0.1"),
];

#[test]
fn look_alikes_of_a_listed_host_are_refused_by_name() {
    let browser = browser("[\"atlassian.net\", \"*.atlassian.net\"]");
    for (url, reason, host) in LOOK_ALIKES {
        let refusal = browser.judge(url).unwrap_err();
        assert_eq!((refusal.reason, refusal.host.as_str()), (reason, host), "{url}");
    }
}

#[test]
fn a_listed_host_is_the_same_however_it_is_written() {
    let browser = browser("[\"atlassian.net\", \"*.atlassian.net\"]");
    for url in [
        "https://atlassian.net/",
        "https://ATLASSIAN.net/Home",
        "https://atlassian.net:443/",
        "https://a.b.atlassian.net/x?y#z",
        "https://atlassian。net/",
        "https://ａtlassian.net/",
        "https:\\\\atlassian.net\\x",
    ] {
        assert_eq!(browser.judge(url), Ok(()), "{url}");
    }
}

#[test]
fn what_is_no_address_goes_nowhere() {
    let browser = browser("[\"atlassian.net\"]");
    let long = format!("https://atlassian.net/{}", "a".repeat(LONGEST_URL));
    for url in ["", "atlassian.net", "//atlassian.net/", "https://", "https://a b.atlassian.net/", &long] {
        assert_eq!(browser.judge(url).unwrap_err().reason, RefusedFor::NoHost, "{url:.40}");
    }
    assert!(browser.judge("https://a.atlassian.net/").is_err(), "below it is another entry");
}

#[test]
fn plain_http_is_for_one_origin_of_this_machine() {
    let browser = browser(
        "[\"atlassian.net\", \"http://localhost:8080\", \"http://a.localhost:81\", \"http://127.0.0.1:82\"]",
    );
    for (url, allowed) in [
        ("http://localhost:8080/x", true),
        ("http://a.localhost:81/", true),
        ("http://127.0.0.1:82/", true),
        ("http://localhost:8081/", false),
        ("http://localhost/", false),
        ("http://b.localhost:81/", false),
        ("http://b.a.localhost:81/", false),
        ("https://localhost:8080/", false),
        ("http://u@localhost:8080/", false),
        ("http://localhost:8080.evil.example/", false),
        ("http://localhost.evil.example:8080/", false),
        ("http://127.0.0.2:82/", false),
        ("http://[::1]:82/", false),
    ] {
        assert_eq!(browser.judge(url).is_ok(), allowed, "{url}");
    }
    for none in [
        "http://atlassian.net",
        "http://localhost:8080/",
        "http://localhost:8080/x",
        "http://LOCALHOST:8080",
        "http://evillocalhost:8080",
        "http://localhost.evil.example:1",
        "http://u@localhost:1",
        "http://10.0.0.1:1",
        "http://*.localhost:1",
    ] {
        assert_eq!(Place::parse(none), None, "{none}");
    }
}

#[test]
fn a_whole_sign_in_can_stand_on_this_machine_and_nowhere_else_without_https() {
    let file = |login: &str, page: &str| {
        let text = format!(
            "display_name = \"A\"\n[browser]\nlogin_url = \"{login}\"\nallow_hosts = [\"http://acme.localhost:81\"]\n\
             extract_on = \"{page}\"\n[browser.tokens]\naccess_token = {{ cookie = \"c\" }}\n[env]\nA = \"{{access_token}}\"\n"
        );
        ProviderFile::parse("acme".parse().unwrap(), "acme.toml", &text)
    };
    let checked = file("http://acme.localhost:81/login", "http://acme.localhost:81/home*").unwrap();
    let page = &checked.file.browser().unwrap().extract_on;
    for (url, fits) in [
        ("http://acme.localhost:81/home", true),
        ("http://acme.localhost:81/home/x?y", true),
        ("http://acme.localhost:81/?/home", false),
        ("http://acme.localhost:82/home", false),
        ("https://acme.localhost:81/home", false),
        ("http://b.acme.localhost:81/home", false),
    ] {
        assert_eq!(page.matches(&Url::parse(url).unwrap()), fits, "{url}");
    }
    for (login, page) in [
        ("http://acme.example/login", "http://acme.localhost:81/home"),
        ("http://acme.localhost:82/login", "http://acme.localhost:81/home"),
        ("http://acme.localhost:81/login", "http://acme.localhost:82/home"),
        ("http://acme.localhost:81/login", "http://acme.example/home"),
    ] {
        assert!(file(login, page).is_err(), "{login} {page}");
    }
}

#[test]
fn a_wildcard_is_for_the_hosts_below_it_and_a_page_is_its_whole_path() {
    let browser = browser(r#"["atlassian.net", "*.acme.example"]"#);
    for (url, allowed) in [
        ("https://a.acme.example/", true),
        ("https://b.a.acme.example/", true),
        ("https://acme.example/", false),
        ("https://.acme.example/", false),
        ("https://a.atlassian.net/", false),
    ] {
        assert_eq!(browser.judge(url).is_ok(), allowed, "{url}");
    }
    for (url, is_it) in [
        ("https://atlassian.net/home", true),
        ("https://atlassian.net/home?a#b", true),
        ("https://atlassian.net/home/inbox", false),
        ("https://atlassian.net/homes", false),
        ("https://atlassian.net/", false),
    ] {
        assert_eq!(browser.extract_on.matches(&url.parse().unwrap()), is_it, "{url}");
    }
}
