//! The names under which `/mcp` offers the tools and prompts of all servers: `server__tool`.
//!
//! MCP clients commonly take no name but 1 to 64 of `A-Z a-z 0-9 _ -`. A name that keeps to that, and that can be read back in
//! one way alone, is the two names joined; any other ends in 16 digits of their hash, and no name of the first kind ends so.
//! Thus a name depends on its server and tool and on nothing else: no server can take, move or imitate the name of another's.

use keyferry_core::id::ServerName;
use sha2::{Digest as _, Sha256};

const SEPARATOR: &str = "__";
const LONGEST: usize = 64;
/// A shorter hash could be met on purpose, which would let one server answer for another.
const DIGITS: usize = 16;

/// The name of a server's tool or prompt under `/mcp`.
pub(super) fn public(server: &ServerName, name: &str) -> String {
    let joined = format!("{server}{SEPARATOR}{name}");
    if reads_back(server)
        && joined.len() <= LONGEST
        && joined.bytes().all(is_allowed)
        && !ends_in_hash(&joined)
    {
        return joined;
    }
    // Neither name can hold a NUL and still be told from the other: a server's name never does.
    let hash = Sha256::new().chain_update(server.as_str()).chain_update([0]).chain_update(name).finalize();
    let digits: String = hash.iter().take(DIGITS / 2).map(|byte| format!("{byte:02x}")).collect();
    let readable = joined.chars().map(|c| if c.is_ascii() && is_allowed(c as u8) { c } else { '_' });
    let readable: String = readable.take(LONGEST - DIGITS - 1).collect();
    format!("{readable}_{digits}")
}

/// The server and tool of a name that is the two joined; none for one with a hash, which only a list can tell.
pub(super) fn joined(public: &str) -> Option<(ServerName, &str)> {
    let (server, name) = public.split_once(SEPARATOR)?;
    let server: ServerName = server.parse().ok()?;
    (self::public(&server, name) == public).then_some((server, name))
}

/// Whether the first separator in a joined name is the one after this server's name.
fn reads_back(server: &ServerName) -> bool {
    !server.as_str().contains(SEPARATOR) && !server.as_str().ends_with('_')
}

fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

fn ends_in_hash(name: &str) -> bool {
    name.rsplit_once('_').is_some_and(|(_, end)| {
        end.len() == DIGITS && end.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn name(server: &str, tool: &str) -> String {
        public(&server.parse().unwrap(), tool)
    }

    #[test]
    fn an_ordinary_name_is_the_two_joined_and_reads_back() {
        assert_eq!(name("jira-mcp", "list_issues"), "jira-mcp__list_issues");
        let (server, tool) = joined("jira-mcp__list_issues").unwrap();
        assert_eq!((server.as_str(), tool), ("jira-mcp", "list_issues"));
        let (server, tool) = joined("a___b").unwrap();
        assert_eq!((server.as_str(), tool), ("a", "_b"));
    }

    #[test]
    fn every_name_is_one_that_clients_take() {
        for (server, tool) in [
            ("a.b", "x"),
            ("a", "x/y"),
            ("a", "ü"),
            ("a", ""),
            ("a", &"x".repeat(500)),
            ("a_", "x"),
            ("a", "😀😀"),
        ] {
            let name = name(server, tool);
            assert!((1..=64).contains(&name.len()) && name.bytes().all(is_allowed), "{name}");
        }
    }

    #[test]
    fn no_two_tools_have_the_same_name() {
        let servers = ["a", "a_", "a__b", "a.b", "a_b", "b", "a-b", "a__"];
        let imitated = name("a.b", "c").split_once("__").unwrap().1.to_owned();
        let tools = ["c", "_c", "b__c", "__c", "c.d", "c_d", "c/d", "", "_", &imitated];
        let mut seen = HashMap::new();
        for server in servers {
            for tool in tools {
                if let Some(other) = seen.insert(name(server, tool), (server, tool)) {
                    panic!("{other:?} and {:?} are both {}", (server, tool), name(server, tool));
                }
            }
        }
    }

    #[test]
    fn a_name_with_a_hash_is_never_taken_for_a_joined_one() {
        for (server, tool) in
            [("a.b", "c"), ("a", "x/y"), ("a_", "b"), ("a__b", "c"), ("a", "c_0123456789abcdef")]
        {
            assert_eq!(joined(&name(server, tool)), None, "{server} {tool}");
        }
    }
}
