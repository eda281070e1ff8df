//! The person at the consent page, who then goes where the browser would.

use super::client;

/// Allows access on this page, and follows the redirect back to the app. Answers the app's page.
pub(crate) async fn allow(page: &str) -> String {
    let back = keyferry_sandbox::consent::approve(page).await.unwrap();
    visit(back.expose_url()).await
}

/// Denies access on this page, and follows the redirect back to the app.
pub(crate) async fn deny(page: &str) -> String {
    let back = keyferry_sandbox::consent::deny(page).await.unwrap();
    visit(back.expose_url()).await
}

/// What the browser gets at this address, marked as browsers mark a redirect from another site.
async fn visit(address: &str) -> String {
    let request =
        client().get(address).header("sec-fetch-site", "cross-site").header("sec-fetch-mode", "navigate");
    request.send().await.unwrap().text().await.unwrap()
}
