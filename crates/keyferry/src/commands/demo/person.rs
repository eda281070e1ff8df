//! The person at the consent page: the real one, or one that is played by following the page over HTTP.

use keyferry_app::api::dto::StepState;
use keyferry_sandbox::consent;
use tokio::task::JoinHandle;

use super::{note, steps::Steps};
use crate::{
    commands::install::News,
    error::{CliError, CliResult},
};

pub(super) struct Person {
    played: bool,
    sees_browser: bool,
    allowing: Option<JoinHandle<CliResult>>,
}

impl Person {
    /// A person who is played, or a real one, who may have a browser opened.
    pub(super) fn new(played: bool, sees_browser: bool) -> Self {
        Self { played, sees_browser, allowing: None }
    }

    /// Tells the steps, and goes to the consent page once there is one.
    pub(super) fn hears(&mut self, news: &News<'_>, steps: &mut Steps) {
        match news {
            News::Step(step) if step.state == StepState::Done => steps.done(&step.text),
            News::Step(_) | News::Window(_) => {}
            News::Page(url) if self.played => self.allowing = Some(tokio::spawn(allow((*url).to_owned()))),
            News::Page(url) => {
                let place = if self.sees_browser { " (it should be open in your browser)" } else { "" };
                note(&format!("\nClick Allow on this page{place}:\n  {url}\n"));
            }
        }
    }

    /// What the played person met with.
    pub(super) async fn finished(self) -> CliResult {
        match self.allowing {
            Some(allowing) => allowing
                .await
                .unwrap_or_else(|_| Err(CliError::failed("consent", "the consent page was left"))),
            None => Ok(()),
        }
    }
}

/// Reads the consent page, posts its form with Allow, and goes where that leads, like a browser.
async fn allow(url: String) -> CliResult {
    let failed = |error: String| CliError::failed("consent", error);
    let redirect = consent::approve(&url).await.map_err(|error| failed(error.to_string()))?;
    let browser =
        reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).tls_certs_only([]).build();
    let browser = browser.map_err(|error| failed(error.to_string()))?;
    let page = browser.get(redirect.expose_url()).send().await;
    let page =
        page.map_err(|error| failed(format!("the app's page can't be reached: {}", error.without_url())))?;
    if page.status().is_success() {
        Ok(())
    } else {
        Err(failed(format!("the app's page says HTTP {}", page.status())))
    }
}
