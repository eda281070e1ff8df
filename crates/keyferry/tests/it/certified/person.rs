//! The person at the provider's own pages: a browser without scripts, which none of them needs.

use regex::Regex;
use reqwest::{StatusCode, header};

/// The most pages and redirects that a sign-in may take.
const MOST: usize = 12;

/// What the person does at the page that asks for consent.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Allow,
    Cancel,
}

/// A browser with its cookies.
struct Browser {
    http: reqwest::Client,
    cookies: Vec<Cookie>,
}

struct Cookie {
    name: String,
    value: String,
    path: String,
}

/// Signs in, and allows or cancels. Answers the address that the provider sends the browser to in the end.
pub(super) async fn sign_in(page: &str, choice: Choice) -> String {
    let mut browser = Browser::new();
    let mut next = (page.to_owned(), None);
    let origin = page.split('/').take(3).collect::<Vec<_>>().join("/");
    for _ in 0..MOST {
        let (address, form) = next;
        let (status, location, html) = browser.open(&address, form).await;
        next = match location {
            Some(location) if location.starts_with('/') => (format!("{origin}{location}"), None),
            Some(location) if location.starts_with(&format!("{origin}/")) => (location, None),
            Some(location) => return location,
            None => {
                assert_eq!(status, StatusCode::OK, "{html}");
                filled_in(&html, choice)
            }
        };
    }
    panic!("no end of pages at {origin}");
}

/// Goes where the provider sends the browser, as browsers mark it. Answers the page.
pub(super) async fn go(address: &str) -> String {
    let request = Browser::new().http.get(address).header("sec-fetch-site", "cross-site");
    request.header("sec-fetch-mode", "navigate").send().await.unwrap().text().await.unwrap()
}

/// Where the page leads, and the form that goes there.
fn filled_in(html: &str, choice: Choice) -> (String, Option<Vec<(String, String)>>) {
    let found = |pattern: &str| {
        Regex::new(pattern).unwrap().captures(html).map(|found| found.get(1).unwrap().as_str().to_owned())
    };
    let is_consent = html.contains(r#"name="prompt" value="consent""#);
    if is_consent && choice == Choice::Cancel {
        return (found(r#"href="([^"]+/abort)""#).unwrap(), None);
    }
    let mut form = vec![("prompt".to_owned(), if is_consent { "consent" } else { "login" }.to_owned())];
    if !is_consent {
        form.extend([("login", "ada"), ("password", "any")].map(|(name, text)| (name.into(), text.into())));
    }
    (found(r#"<form[^>]* action="([^"]+)""#).unwrap(), Some(form))
}

impl Browser {
    fn new() -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { http: http.build().unwrap(), cookies: Vec::new() }
    }

    async fn open(
        &mut self,
        address: &str,
        form: Option<Vec<(String, String)>>,
    ) -> (StatusCode, Option<String>, String) {
        let path = url::Url::parse(address).unwrap().path().to_owned();
        let sent = self.cookies.iter().filter(|cookie| path.starts_with(&cookie.path));
        let sent: Vec<_> = sent.map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        let request = match &form {
            Some(form) => self.http.post(address).form(form),
            None => self.http.get(address),
        };
        let reply = request.header(header::COOKIE, sent.join("; ")).send().await.unwrap();
        for set in reply.headers().get_all(header::SET_COOKIE) {
            self.keep(set.to_str().unwrap());
        }
        let location = reply.headers().get(header::LOCATION);
        let location = location.map(|location| location.to_str().unwrap().to_owned());
        (reply.status(), location, reply.text().await.unwrap())
    }

    fn keep(&mut self, set: &str) {
        let mut parts = set.split("; ");
        let (name, value) = parts.next().unwrap().split_once('=').unwrap();
        let path = parts.find_map(|part| part.strip_prefix("path=")).unwrap_or("/");
        self.cookies.retain(|cookie| cookie.name != name || cookie.path != path);
        if !value.is_empty() {
            let (name, value, path) = (name.to_owned(), value.to_owned(), path.to_owned());
            self.cookies.push(Cookie { name, value, path });
        }
    }
}
