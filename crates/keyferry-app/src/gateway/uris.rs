//! The URIs under which `/mcp` offers the resources of all servers.
//!
//! A URI stays as it is, for servers name them in their results too, as long as one server alone knows it. Where two do, each is
//! offered as `keyferry:SERVER:URI`; so is one that begins like that itself. A bare URI that two servers know is refused, so none
//! can answer for another's.

use keyferry_core::id::ServerName;

const SCHEME: &str = "keyferry:";

/// The form that names its server.
pub(super) fn prefixed(server: &ServerName, uri: &str) -> String {
    format!("{SCHEME}{server}:{uri}")
}

/// The server and its own URI, of the form that names its server.
pub(super) fn named(uri: &str) -> Option<(ServerName, &str)> {
    let (server, uri) = uri.strip_prefix(SCHEME)?.split_once(':')?;
    Some((server.parse().ok()?, uri))
}

/// Whether a server's own URI must not be offered as it is.
pub(super) fn is_reserved(uri: &str) -> bool {
    uri.starts_with(SCHEME)
}

/// Whether a template (RFC 6570) can give this URI. Generous: an expression stands for any text.
pub(super) fn can_give(template: &str, uri: &str) -> bool {
    let mut literals = Vec::new();
    let mut rest = template;
    while let Some((before, expression)) = rest.split_once('{') {
        literals.push(before);
        let Some((_, after)) = expression.split_once('}') else { return false };
        rest = after;
    }
    let Some((first, between)) = literals.split_first() else { return template == uri };
    let Some(mut left) = uri.strip_prefix(first) else { return false };
    for literal in between {
        let Some((_, after)) = left.split_once(literal) else { return false };
        left = after;
    }
    left.ends_with(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_that_names_its_server_reads_back() {
        let server: ServerName = "files.v2".parse().unwrap();
        let uri = prefixed(&server, "file:///a:b");
        assert_eq!(uri, "keyferry:files.v2:file:///a:b");
        assert_eq!(named(&uri), Some((server, "file:///a:b")));
        for other in ["file:///a", "keyferry:", "keyferry:UPPER:x", "keyferry:a"] {
            assert_eq!(named(other), None, "{other}");
        }
    }

    #[test]
    fn a_template_gives_what_its_literals_allow() {
        for (template, uri, can) in [
            ("file:///{path}", "file:///a/b", true),
            ("file:///{path}", "http://a", false),
            ("db://{table}/rows/{id}", "db://users/rows/7", true),
            ("db://{table}/rows/{id}", "db://users/columns/7", false),
            ("x://{a}.json", "x://one.json", true),
            ("x://{a}.json", "x://one.yaml", false),
            ("x://fixed", "x://fixed", true),
            ("x://{broken", "x://broken", false),
            ("{+any}", "anything", true),
        ] {
            assert_eq!(can_give(template, uri), can, "{template} {uri}");
        }
    }
}
