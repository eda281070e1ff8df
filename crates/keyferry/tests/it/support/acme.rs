//! A service without OAuth, its identity provider on another host, and somebody whom nobody asked. Its pages say where a person has to
//! click.

#[path = "../../../../keyferry-app/tests/it/browser/site.rs"]
mod site;

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use axum::{body::Body, http::StatusCode, response::IntoResponse as _, response::Response};

use super::{Display, Tab, World};
use site::{Bound, Site, html, missing, redirect};

/// The values that the service gives to whoever has signed in.
pub(crate) const TOKEN: &str = "tok-late-canary";
const SESSION: &str = "ses-canary";

/// How long a page may take to be seen, or a click to lead on.
const LIMIT: Duration = Duration::from_secs(40);
const CLICKS_AGAIN_AFTER: Duration = Duration::from_secs(3);

const STYLE: &str = "<style>body { font: 17px/1.5 sans-serif; margin: 3rem auto; max-width: 24rem; display: grid; gap: 1rem }
 input, button { font: inherit; padding: .5rem; display: block; width: 100%; box-sizing: border-box; margin-bottom: .8rem }
 iframe { width: 100%; height: 8rem; border: 1px solid #ccc }</style>";

/// Tells where the middle of what is to be clicked stands on the display, each time that it moves.
const POINT: &str = "<script>const point = (name, one) => { const tell = () => requestAnimationFrame(() => requestAnimationFrame(() => {
 const box = one.getBoundingClientRect(), edge = (outerWidth - innerWidth) / 2;
 const x = screenX + edge + box.x + box.width / 2, y = screenY + outerHeight - innerHeight + box.y + box.height / 2;
 fetch(`/point/${name}/${Math.round(x)}/${Math.round(y)}`); })); addEventListener('resize', tell); tell(); };</script>";

/// The three of them.
pub(crate) struct Acme {
    service: Seen,
    provider: Seen,
    foreign: Site,
    /// Set once the service has ended the session.
    ended: Arc<AtomicBool>,
}

/// A site, and what was heard there since the window opened.
struct Seen {
    site: Site,
    from: AtomicUsize,
}

impl Seen {
    fn new(site: Site) -> Self {
        Self { site, from: AtomicUsize::new(0) }
    }

    fn heard(&self) -> Vec<String> {
        self.site.heard().split_off(self.from.load(Ordering::SeqCst))
    }

    fn count(&self, line: &str) -> usize {
        self.heard().iter().filter(|heard| *heard == line).count()
    }

    /// Where a page says that something stands, once it can be seen.
    async fn point(&self, name: &str) -> (u32, u32) {
        let wanted = format!("GET /point/{name}/");
        let place = || {
            let heard = self.heard();
            let (x, y) = heard.iter().rev().find_map(|line| line.strip_prefix(&wanted))?.split_once('/')?;
            Some((x.parse().ok()?, y.parse().ok()?))
        };
        until(name, place).await
    }
}

impl Acme {
    pub(crate) async fn start() -> Self {
        let (service, provider, foreign) =
            (Bound::new("acme").await, Bound::new("northwind").await, Bound::new("helpdesk").await);
        let (acme, idp, abroad) = (service.origin.clone(), provider.origin.clone(), foreign.origin.clone());
        let (ended, back, banner) = (Arc::new(AtomicBool::new(false)), acme.clone(), abroad.clone());
        let over = Arc::clone(&ended);
        let service = service.serve(move |asked| {
            let cookies = asked.headers.get("cookie").and_then(|text| text.to_str().ok()).unwrap_or_default();
            let known = cookies.contains(SESSION) && !over.load(Ordering::SeqCst);
            match asked.path {
                "/login" if known => redirect("/app", &[]),
                "/login" => html(&format!(
                    "{STYLE}{POINT}<h1>Sign in to Acme</h1><form method=post action='{idp}/sign-in'><label>E-mail <input name=email></label>
                     <label>Password <input type=password name=password></label><button>Go on with Northwind</button></form>
                     <a href='{abroad}/forgotten'>Forgotten your password?</a>
                     <script>point('email', document.querySelector('input')); point('help', document.querySelector('a'))</script>"
                )),
                "/callback" => redirect("/app", &[&format!("session={SESSION}; HttpOnly; Path=/; Max-Age=86400")]),
                "/app" => html(&format!(
                    "{STYLE}<h1>Acme</h1><p>One moment.</p><script>history.pushState({{}}, '', '/home/inbox');
                     setTimeout(() => localStorage.setItem('auth_token', '{TOKEN}'), 600)</script>"
                )),
                "/account" if known => Response::new(Body::from("{\"email\":\"ada@acme.example\"}")),
                "/account" => StatusCode::UNAUTHORIZED.into_response(),
                _ => missing(),
            }
        });
        let provider = provider.serve(move |asked| match asked.path {
            "/sign-in" => html(&format!(
                "{STYLE}{POINT}<h1>Northwind</h1><p>Acme wants to know who you are.</p><form method=post action=/allow><button>That is fine</button></form>
                 <iframe src='{banner}/banner'></iframe><script>point('fine', document.querySelector('button'))</script>"
            )),
            "/allow" => redirect(&format!("{back}/callback"), &[]),
            _ => missing(),
        });
        let foreign = foreign.serve(|_| html("<h1>Give me your password</h1>"));
        Self { service: Seen::new(service), provider: Seen::new(provider), foreign, ended }
    }

    /// Puts its provider file into a world, and its values on the list of the world's secrets.
    pub(crate) fn describe(&self, world: &World) -> PathBuf {
        let (acme, idp) = (&self.service.site.origin, &self.provider.site.origin);
        let api = acme.replace("acme.localhost", "127.0.0.1");
        let file = format!(
            "display_name = \"Acme\"\nnotes = \"Acme's terms say nothing of programs that act for you.\"\n\
             [browser]\nlogin_url = \"{acme}/login\"\nallow_hosts = [\"{acme}\", \"{idp}\"]\nextract_on = \"{acme}/home/*\"\n\
             [browser.tokens]\naccess_token = {{ local_storage = \"auth_token\", pattern = \"tok-[a-z-]+\" }}\n\
             session = {{ cookie = \"session\" }}\n\
             [account]\nrequest = \"{api}/account\"\nlabel = \"/email\"\nheaders = {{ Cookie = \"session={{metadata.session}}\" }}\n\
             [env]\nACME_TOKEN = \"{{access_token}}\"\nACME_SESSION = \"{{metadata.session}}\"\n"
        );
        let path = world.path("providers/acme-browser.toml");
        fs::write(&path, file).unwrap();
        world.also_secret(vec![TOKEN.to_owned(), SESSION.to_owned()]);
        path
    }

    /// Forgets what was heard: another window is about to open.
    pub(crate) fn again(&self) {
        for seen in [&self.service, &self.provider] {
            seen.from.store(seen.site.heard().len(), Ordering::SeqCst);
        }
    }

    /// Waits until the login page is seen.
    pub(crate) async fn asks(&self) {
        self.service.point("email").await;
    }

    /// Signs in at both pages as a person does. Answers once the service knows them.
    pub(crate) async fn sign_in(&self, at: &Display) {
        self.fill(at).await;
        self.agree(at).await;
    }

    /// Fills the login form. The identity provider's page is seen then.
    pub(crate) async fn fill(&self, at: &Display) {
        while self.provider.count("POST /sign-in") == 0 {
            at.click(self.service.point("email").await, 1);
            at.key("ctrl+a");
            at.write("ada@acme.example\tcorrect horse\n");
            a_while(|| self.provider.count("POST /sign-in") > 0).await;
        }
        self.provider.point("fine").await;
    }

    /// Says yes at the identity provider.
    pub(crate) async fn agree(&self, at: &Display) {
        while self.service.count("GET /callback") == 0 {
            at.click(self.provider.point("fine").await, 1);
            a_while(|| self.service.count("GET /callback") > 0).await;
        }
    }

    /// Follows the link to where the window may not go, until a page of the app tells of it.
    pub(crate) async fn go_abroad(&self, at: &Display, tells: &Tab) {
        let told = format!("document.body?.innerText.includes('{}')", self.foreigner());
        loop {
            at.click(self.service.point("help").await, 1);
            let clicked = Instant::now();
            while clicked.elapsed() < CLICKS_AGAIN_AFTER {
                if tells.value(&told).await == Some(true.into()) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(40)).await;
            }
        }
    }

    /// Ends the session at the service.
    pub(crate) fn end_session(&self) {
        self.ended.store(true, Ordering::SeqCst);
    }

    /// Takes sessions again.
    pub(crate) fn take_sessions(&self) {
        self.ended.store(false, Ordering::SeqCst);
    }

    /// The host that nobody asked, with its port.
    pub(crate) fn foreigner(&self) -> String {
        self.foreign.origin.trim_start_matches("http://").to_owned()
    }

    /// An address there.
    pub(crate) fn abroad(&self) -> String {
        format!("{}/start", self.foreign.origin)
    }

    /// Waits until somebody has come there.
    pub(crate) async fn was_abroad(&self) {
        until("nobody came", || (!self.foreign.heard().is_empty()).then_some(())).await;
    }

    /// Whether anybody so much as connected there.
    pub(crate) fn is_quiet(&self) -> bool {
        self.foreign.connections() == 0
    }

    /// How often the identity provider was asked since the window opened.
    pub(crate) fn visits(&self) -> usize {
        self.provider.count("POST /sign-in")
    }
}

/// Waits until something is so, or it is time to click once more.
async fn a_while(so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !so() && begun.elapsed() < CLICKS_AGAIN_AFTER {
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}

async fn until<T>(what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}
