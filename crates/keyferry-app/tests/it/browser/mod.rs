//! Sign-in in a window: a real Chromium, against a service without OAuth on several loopback hosts.

mod ends;
mod health;
mod kept;
mod rules;
mod sign_in;
pub(crate) mod site;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use axum::http::header;
use keyferry_app::settings::Settings;
use serde_json::{Value, json};

use crate::support::{TestApp, settings};
use site::{Bound, Site, html, missing, redirect};

/// The value that only the right page, at the right moment, holds.
const TOKEN: &str = "tok-late-canary";

/// A value of the same form that stands in the storage before, and must not be taken.
const EARLY: &str = "tok-early-canary";

/// What the service says of whose session these cookies are.
type Account = Box<dyn Fn(&str) -> axum::response::Response + Send + Sync>;

/// A service without OAuth, its identity provider, and somebody whom nobody asked.
struct Acme {
    service: Site,
    provider: Site,
    foreign: Site,
}

impl Acme {
    /// The service. `on_login` is what its login page does beside going on to the identity provider when it is told to: FOREIGN in it
    /// is the foreigner's address, SERVICE its own.
    async fn start(on_login: &str) -> Self {
        Self::with(on_login, None).await
    }

    /// The same with an answer to `/account`.
    async fn with(on_login: &str, account: Option<Account>) -> Self {
        let (service, provider, foreign) =
            (Bound::new("acme").await, Bound::new("idp").await, Bound::new("foreign").await);
        let (acme, idp) = (service.origin.clone(), provider.origin.clone());
        let on_login = on_login.replace("FOREIGN", &foreign.origin).replace("SERVICE", &acme);
        let abroad = foreign.origin.clone();
        let service = service.serve(move |asked| {
            let cookies = asked.headers.get(header::COOKIE).and_then(|text| text.to_str().ok()).unwrap_or_default();
            match asked.path {
                "/login" if cookies.contains("session=") => redirect("/app", &[]),
                // The token is there already, and of the right form; nobody may take it here.
                "/login" => html(&format!(
                    "<h1>Sign in to Acme</h1><form method=post action=\"{idp}/sign-in\"><button>Sign in</button></form>
                     <script>localStorage.auth_token = '{EARLY}';
                     const signIn = () => document.forms[0].submit();</script>{on_login}"
                )),
                // Of two of a name, a page has the one of the longer path.
                "/callback" => redirect(
                    "/app",
                    &["session=ses-far; Path=/; Max-Age=86400", "session=ses-canary; HttpOnly; Path=/home; Max-Age=86400"],
                ),
                // Here it is as well. Then the address changes without a load, and only after that the value does. The page puts another
                // function under whoever reads its storage by the page's own scripts.
                "/app" => html(&format!(
                    "<h1>Acme</h1><script>localStorage.auth_token = '{EARLY}'; localStorage[\"o'dd\"] = 'odd-canary';
                     const write = localStorage.setItem.bind(localStorage);
                     Storage.prototype.getItem = () => 'tok-forged-canary';
                     setTimeout(() => {{ localStorage.removeItem('auth_token'); history.pushState({{}}, '', '/home/inbox'); }}, 900);
                     setTimeout(() => write('auth_token', '{TOKEN}'), 2000);</script>"
                )),
                "/abroad" => redirect(&format!("{abroad}/redirected"), &[]),
                "/file" => html("a file"),
                "/frame" => html(&format!("<iframe src=\"{abroad}/nested\"></iframe>")),
                "/account" => account.as_ref().map_or_else(missing, |account| account(cookies)),
                _ => missing(),
            }
        });
        let back = acme.clone();
        let provider = provider.serve(move |asked| match asked.path {
            // Its own cookie of the same name is no business of the service's page.
            "/sign-in" => redirect(&format!("{back}/callback"), &["session=ses-of-another; Path=/sign-in"]),
            _ => missing(),
        });
        Self { service, provider, foreign: foreign.serve(|_| html("<h1>Give me your password</h1>")) }
    }

    /// Its provider file.
    fn file(&self) -> String {
        let (acme, idp) = (&self.service.origin, &self.provider.origin);
        format!(
            "display_name = \"Acme\"\nnotes = \"Its terms say: not so.\"\n\
             [browser]\nlogin_url = \"{acme}/login\"\nallow_hosts = [\"{acme}\", \"{idp}\"]\nextract_on = \"{acme}/home/*\"\n\
             [browser.tokens]\naccess_token = {{ local_storage = \"auth_token\", pattern = \"tok-[a-z-]+\" }}\n\
             session = {{ cookie = \"session\" }}\nplace = {{ script = \"location.pathname\" }}\n\
             nothing = {{ session_storage = \"none\", required = false }}\nodd = {{ local_storage = \"o'dd\" }}\n\
             number = {{ script = \"42\", required = false }}\n\
             [env]\nACME_TOKEN = \"{{access_token}}\"\nACME_SESSION = \"{{metadata.session}}\"\n\
             ACME_PLACE = \"{{metadata.place}}\"\nACME_NOTHING = \"{{metadata.nothing}}\"\n\
             ACME_ODD = \"{{metadata.odd}}\"\nACME_NUMBER = \"{{metadata.number}}\"\n"
        )
    }

    /// An app that knows it, and drives a browser without a desktop.
    async fn app(&self) -> TestApp {
        self.app_with("").await
    }

    async fn app_with(&self, more: &str) -> TestApp {
        app(&format!("{}{more}", self.file()), |_| {}).await
    }
}

/// An app with this file of the provider `acme-browser`.
async fn app(file: &str, change: impl FnOnce(&mut Settings)) -> TestApp {
    app_by(file, change, |_| {}).await
}

/// The same, with other parts.
async fn app_by(
    file: &str,
    change: impl FnOnce(&mut Settings),
    other: impl FnOnce(&mut keyferry_app::Parts),
) -> TestApp {
    // Short: a browser's socket has a path, too.
    let folder = tempfile::Builder::new().prefix("kfb").tempdir_in("/tmp").unwrap();
    let providers = folder.path().join("providers");
    fs::create_dir(&providers).unwrap();
    fs::write(providers.join("acme-browser.toml"), file).unwrap();
    let mut settings = settings(folder.path());
    settings.provider_folders = vec![providers];
    settings.browser_command = Some(headless(folder.path()));
    change(&mut settings);
    let home = folder.path().to_owned();
    TestApp::boot(folder, settings, |parts| {
        parts.environment = vec![
            ("PATH".into(), "/usr/bin:/bin".into()),
            ("HOME".into(), home.into()),
            ("KEYFERRY_PROXY_ACCESS_KEY".into(), "key-canary".into()),
        ];
        other(parts);
    })
    .await
}

/// The system's Chromium, told not to look for a desktop.
fn headless(folder: &Path) -> PathBuf {
    browser_that(folder, "exec CHROMIUM \"$@\"")
}

/// A browser that does this; CHROMIUM stands for the system's, told not to look for a desktop.
fn browser_that(folder: &Path, does: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let installed =
        ["chromium", "google-chrome", "chromium-browser"].map(|name| Path::new("/usr/bin").join(name));
    let chromium = installed.iter().find(|path| path.exists());
    let chromium = chromium.unwrap_or_else(|| panic!("`cargo xtask setup` installs Chromium"));
    let chromium = format!("{} --headless=new --disable-gpu --disable-popup-blocking", chromium.display());
    let script = folder.join("browser");
    fs::write(&script, format!("#!/bin/sh\n{}\n", does.replace("CHROMIUM", &chromium))).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script
}

/// Begins a sign-in to which the person has agreed.
async fn begin(app: &TestApp, more: Value) -> Value {
    let mut window = json!({ "agreed": true });
    window.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let (status, begun) =
        app.post("/api/v1/sign-ins", json!({ "provider": "acme-browser", "window": window })).await;
    assert_eq!(status, 202, "{begun}");
    begun
}

/// The sign-in as soon as it is over.
async fn over(app: &TestApp, mut sign_in: Value) -> Value {
    while sign_in["state"] == "waiting_for_person" {
        let path = format!("/api/v1/sign-ins/{}?wait=30", sign_in["id"].as_str().unwrap());
        sign_in = app.get(&path).await.1;
    }
    sign_in
}

/// The sign-in as soon as its window has tried to go where it may not as often as this.
async fn refused(app: &TestApp, mut sign_in: Value, least: usize) -> Value {
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while sign_in["state"] == "waiting_for_person" && places(&sign_in).len() < least {
        assert!(std::time::Instant::now() < until, "nothing was refused: {sign_in}");
        let (id, revision) = (sign_in["id"].as_str().unwrap(), &sign_in["revision"]);
        sign_in = app.get(&format!("/api/v1/sign-ins/{id}?wait=10&after={revision}")).await.1;
    }
    sign_in
}

/// The hosts that a window was kept from.
fn places(sign_in: &Value) -> Vec<String> {
    let refused = sign_in["window"]["refused"].as_array().cloned().unwrap_or_default();
    refused.iter().map(|place| place["host"].as_str().unwrap().to_owned()).collect()
}

/// A host with its port.
fn host(site: &Site) -> String {
    site.origin.trim_start_matches("http://").to_owned()
}

/// The processes of browsers that work below a folder.
fn processes(folder: &Path) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    all.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let works = fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        let named = fs::read(entry.path().join("cmdline")).is_ok_and(|line| {
            String::from_utf8_lossy(&line).contains(&format!("--user-data-dir={}", folder.display()))
        });
        (works || named).then_some(pid)
    })
    .collect()
}

/// The browser itself among them: not one of its helpers, each of which is told its type.
fn browser(app: &TestApp) -> Option<u32> {
    let leads = |pid: &u32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.contains("--remote-debugging-pipe") && !line.contains("--type=")
    };
    processes(&app.data_folder().join("browser")).into_iter().find(leads)
}

/// Nothing of a window is left: no process, no profile. What ends is given a moment to.
async fn nothing_left(app: &TestApp) {
    let folder = app.data_folder().join("browser");
    let left = || {
        let profiles = fs::read_dir(folder.join("passing")).into_iter().flatten().flatten();
        let profiles: Vec<_> = profiles.map(|entry| entry.path()).collect();
        (processes(&folder), profiles)
    };
    let empty = async {
        while left() != (Vec::new(), Vec::new()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(Duration::from_secs(15), empty).await.is_ok(), "left: {:?}", left());
}
