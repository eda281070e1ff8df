//! The table of faults in `docs/proxy-faults.md`: each one is brought about here, and what came of it is what the page says.
//!
//! With `KEYFERRY_WRITE_DOCS=1` the page is written; without, it must be as it would be written.

mod around;
mod callers;
mod providers;

use std::{fmt::Write as _, fs, path::Path};

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::support::SOON;

const GOOD: &str = r#"{"access_token":"a"}"#;

fn rows(page: &mut String, first: &str, rows: &[(&str, [String; 4])]) {
    let _ = writeln!(
        page,
        "| {first} | status | `error` | Retry-After | outcome |\n| --- | --- | --- | --- | --- |"
    );
    for (fault, [status, error, again, counted]) in rows {
        let code = |text: &str| if text.is_empty() { String::new() } else { format!("`{text}`") };
        let _ = writeln!(page, "| {fault} | {status} | {} | {again} | {} |", code(error), code(counted));
    }
}

#[tokio::test]
async fn the_page_of_faults_is_what_comes_of_them() {
    let mut at_providers = Vec::new();
    // Some at once: those that take their time wait together.
    for some in providers::faults().chunks(5) {
        let told = some.iter().map(async |(fault, does)| {
            let told = timeout(SOON, providers::told_of(does)).await;
            (*fault, told.unwrap_or_else(|_| panic!("not in time: {fault}")))
        });
        at_providers.extend(join_all(told).await);
    }
    let mut by_callers = Vec::new();
    for some in callers::faults().chunks(5) {
        let told = some.iter().map(async |(fault, bytes)| (*fault, callers::told_of(bytes).await));
        by_callers.extend(join_all(told).await);
    }
    let mut page = "# What the proxy makes of faults\n\nWritten by a test that brings each of them about over real sockets:\n\n    \
        KEYFERRY_WRITE_DOCS=1 cargo test -p keyferry-proxy --test it faults\n\nWhatever the fault, nothing that a provider or a stranger \
        wrote is in the answer, and the proxy serves on.\n\n## At a provider\n\nStatus and error are the caller's; the outcome is that of \
        `keyferry_proxy_exchanges_total`. A code or a token is sent once: only a connection that was never made is tried again.\n\n"
        .to_owned();
    rows(&mut page, "the provider", &at_providers);
    page.push_str(
        "\n## By a caller\n\nNo provider hears of any of these. The outcome is that of `keyferry_proxy_requests_total`; what is no request \
         yet is not counted there.\n\n",
    );
    rows(&mut page, "the caller", &by_callers);
    around::write(&mut page);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/proxy-faults.md");
    if std::env::var("KEYFERRY_WRITE_DOCS").as_deref() == Ok("1") {
        fs::write(&path, page).unwrap();
        return;
    }
    assert_eq!(
        page,
        fs::read_to_string(path).unwrap_or_default(),
        "write the page anew, and look at what changed"
    );
}
