//! What a person sees whose answer comes by way of the proxy. Works without JavaScript and loads nothing; of what was asked it holds
//! nothing but the address that the answer goes on to.

use keyferry_core::flow::error::ErrorCode;

const AGAIN: &str = "Start the sign-in in Keyferry once more. You can close this page.";

/// No sign-in comes back at this address.
pub(super) fn unknown() -> String {
    page("There is nothing here", &format!("<p>No sign-in comes back to this address. {AGAIN}</p>"))
}

/// An answer that does not say where its app waits.
pub(super) fn lost(name: &str) -> String {
    let name = escaped(name);
    page(
        "No sign-in waits for this page",
        &format!(
            "<p>{name} sent you here with an answer that belongs to no sign-in of Keyferry. {AGAIN}</p>"
        ),
    )
}

/// An error that does not say where its app waits.
pub(super) fn refused(name: &str, code: ErrorCode) -> String {
    let name = escaped(name);
    let what = match code {
        ErrorCode::AccessDenied => "did not give access, or you said no",
        ErrorCode::TemporarilyUnavailable => "can not sign you in just now",
        ErrorCode::InvalidScope => "does not grant what was asked for",
        ErrorCode::InvalidClient | ErrorCode::UnauthorizedClient => "does not know this Keyferry proxy",
        _ => "could not sign you in",
    };
    page(
        "The sign-in did not succeed",
        &format!("<p>{name} {what} (<code>{}</code>). {AGAIN}</p>", code.as_str()),
    )
}

/// An answer that goes on. The link is for browsers that do not go by themselves.
pub(super) fn on(name: &str, url: &str) -> String {
    let (name, url) = (escaped(name), escaped(url));
    page(
        "Back to Keyferry",
        &format!(
            "<p>{name} has answered, and the answer goes on to Keyferry on this computer. \
             You can close this page once Keyferry has it.</p><p><a href=\"{url}\" rel=\"noreferrer\">Go on to Keyferry</a></p>"
        ),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title} · Keyferry</title></head><body><main><h1>{title}</h1>{body}</main></body></html>\n"
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_outside_stays_text() {
        let page = on("A<b>", "keyferry://oauth-callback/acme?code=\"><script>'&x=1");
        assert!(
            page.contains("A&lt;b&gt;") && page.contains("code=&quot;&gt;&lt;script&gt;&#39;&amp;x=1\""),
            "{page}"
        );
        assert!(!page.contains("<script"));
    }

    #[test]
    fn every_page_is_whole_and_loads_nothing() {
        let pages =
            [unknown(), lost("A"), refused("A", ErrorCode::AccessDenied), on("A", "http://127.0.0.1:7667/x")];
        for page in pages {
            assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
            assert!(
                ["<script", "<link", "<img", "src=", "style"].iter().all(|part| !page.contains(part)),
                "{page}"
            );
            assert!(page.contains("close this page"));
        }
    }
}
