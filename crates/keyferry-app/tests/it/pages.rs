//! The pages as a browser without scripts uses them: plain forms, and redirects that are followed by hand.

use std::fs;

use keyferry_app::catalog::Source;
use reqwest::{StatusCode, header};
use serde_json::json;

use crate::{
    install::plain,
    support::{TestApp, client},
};

/// A browser that was let in.
struct Browser<'a> {
    app: &'a TestApp,
    cookie: String,
}

impl<'a> Browser<'a> {
    async fn of(app: &'a TestApp) -> Self {
        let link = app.post("/api/v1/page-links", json!({})).await.1;
        let opened = client().get(link["url"].as_str().unwrap()).send().await.unwrap();
        let set = opened.headers()[header::SET_COOKIE].to_str().unwrap();
        Self { app, cookie: set.split(';').next().unwrap().to_owned() }
    }

    async fn get(&self, path: &str) -> (StatusCode, String) {
        let request = client().get(self.app.url(path)).header(header::COOKIE, &self.cookie);
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// What the page that is shown asks for when it hears of a change.
    async fn get_by_script(&self, path: &str) -> String {
        let request = client().get(self.app.url(path)).header(header::COOKIE, &self.cookie);
        request.header("hx-request", "true").send().await.unwrap().text().await.unwrap()
    }

    /// Sends the form of a page. Answers where it leads, or the page that comes instead.
    async fn send(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Result<String, String> {
        let (_, text) = self.get(page).await;
        let (_, token) = text.split_once("name=\"form_token\" value=\"").unwrap();
        let mut all = vec![("form_token", token.split('"').next().unwrap())];
        all.extend(fields);
        let request = client().post(self.app.url(path)).header(header::COOKIE, &self.cookie);
        let response = request.header(header::ORIGIN, self.app.url("")).form(&all).send().await.unwrap();
        match response.headers().get(header::LOCATION) {
            Some(to) => Ok(to.to_str().unwrap().to_owned()),
            None => Err(response.text().await.unwrap()),
        }
    }

    /// The page as soon as it says this.
    async fn says(&self, path: &str, text: &str) -> String {
        for _ in 0..400 {
            let page = self.get(path).await.1;
            if page.contains(text) {
                return page;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{path} never says {text:?}: {}", self.get(path).await.1);
    }
}

/// An app whose catalog has a server with settings.
async fn app() -> TestApp {
    TestApp::start_with(|settings| {
        let folder = settings.data_folder.parent().unwrap().join("catalog");
        fs::create_dir_all(&folder).unwrap();
        let mut manifest = plain("echo", &["echo"]);
        manifest["display_name"] = json!("<b>Echo</b>");
        manifest["description"] = json!("Says <script>alert(1)</script> again");
        manifest["user_config"] = json!({
            "port": { "type": "number", "title": "Port", "min": 1, "max": 9, "required": true },
            "key": { "type": "string", "sensitive": true },
        });
        fs::write(folder.join("echo.json"), manifest.to_string()).unwrap();
        settings.catalog_sources = vec![Source::Folder(folder)];
    })
    .await
}

#[tokio::test]
async fn a_server_is_installed_tried_changed_stopped_and_removed_without_a_script() {
    let app = app().await;
    let browser = Browser::of(&app).await;
    let (_, start) = browser.get("/").await;
    assert!(start.is_empty(), "it leads to the catalog");
    let (_, catalog) = browser.get("/catalog?q=echo").await;
    assert!(catalog.contains("&lt;b&gt;Echo&lt;/b&gt;") && !catalog.contains("<script>alert"), "escaped");

    let form = "/catalog/echo";
    let wrong =
        browser.send(form, "/catalog/echo/install", &[("set.port", "12"), ("set.key", "hunter2")]).await;
    let wrong = wrong.unwrap_err();
    assert!(wrong.contains("Some settings are not right yet") && wrong.contains("aria-invalid"), "{wrong}");
    assert!(!wrong.contains("hunter2"), "a secret never comes back");
    let under_way =
        browser.send(form, "/catalog/echo/install", &[("set.port", "7"), ("set.key", "hunter2")]).await;
    browser.says(&under_way.unwrap(), "Installed").await;

    let (_, tools) = browser.get("/servers/echo/tools").await;
    assert!(tools.contains("<code>echo</code>"), "{tools}");
    let answer = browser.send("/servers/echo/tools", "/servers/echo/tools/echo", &[]).await.unwrap_err();
    assert!(answer.contains("<h3>Answer</h3>"), "{answer}");

    let (_, settings) = browser.get("/servers/echo/settings").await;
    assert!(settings.contains("value=\"7\"") && settings.contains("Kept as it is"), "{settings}");
    assert!(!settings.contains("hunter2"));
    let page = "/servers/echo/settings";
    assert_eq!(browser.send(page, page, &[("set.port", "8")]).await.unwrap(), page);
    assert!(browser.get(page).await.1.contains("The settings are kept"));
    let shown = app.get("/api/v1/servers/echo/settings").await.1;
    assert_eq!((&shown["values"]["port"], &shown["secrets_given"]), (&json!("8"), &json!(["key"])));
    assert_eq!(app.get("/api/v1/servers/echo").await.1["restarts"], 1, "started anew with them");
    assert!(browser.send(page, page, &[("set.port", "0")]).await.is_err());

    browser.send("/servers/echo", "/servers/echo/stop", &[]).await.unwrap();
    let stopped = "The server is stopped";
    assert!(!browser.get("/servers").await.1.contains(stopped), "another tab's page");
    assert!(!browser.get_by_script("/servers/echo").await.contains(stopped), "what is merged shows no word");
    let told = browser.get("/servers/echo").await.1;
    assert!(told.contains(stopped), "{told}");
    let ask = "/servers/echo/uninstall";
    assert!(browser.get(ask).await.1.contains("It uses no account"));
    assert_eq!(browser.send(ask, ask, &[]).await.unwrap(), "/servers");
    assert!(browser.get("/servers").await.1.contains("No server yet"));
    assert_eq!(app.get("/api/v1/servers/echo").await.0, StatusCode::NOT_FOUND);
    app.shutdown().await;
}

#[tokio::test]
async fn a_provider_file_is_checked_with_line_and_hint_and_nothing_is_kept() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app).await;
    let page = "/providers/check";
    let text = "display_name = \"Acme\"\n[authorization]\nendpoint = \"http://acme.example/a\"\n[token]\nendpoint = \"https://acme.example/t\"\n";
    let found = browser.send(page, page, &[("name", "acme"), ("text", text)]).await.unwrap_err();
    assert!(found.contains("The file can't be used") && found.contains("line 3"), "{found}");
    let good = text.replace("http://", "https://");
    let found = browser.send(page, page, &[("name", "acme"), ("text", &good)]).await.unwrap_err();
    assert!(found.contains("The file is good"), "{found}");
    // As understood: what the file names, and the address to register, which it does not.
    assert!(found.contains("https://acme.example/t") && found.contains("/oauth/callback/acme"), "{found}");
    assert_eq!(browser.get("/providers/acme").await.0, StatusCode::NOT_FOUND);
    app.shutdown().await;
}

#[tokio::test]
async fn a_name_of_nothing_is_said_on_a_page_and_reflected_as_text() {
    let app = TestApp::start().await;
    let browser = Browser::of(&app).await;
    for path in [
        "/servers/none",
        "/accounts/none",
        "/catalog/none",
        "/providers/none",
        "/clients/none",
        "/installs/none",
    ] {
        let (status, page) = browser.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.contains("That did not work"), "{path}: {page}");
    }
    let (_, page) = browser.get("/servers/%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert!(!page.contains("<script>alert"), "{page}");
    let (_, page) = browser.get("/catalog?q=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert!(!page.contains("<script>alert"), "{page}");
    app.shutdown().await;
}
