//! Paths that must stay below the server's own folder.

/// Whether a path, taken from the server's folder, leads out of it at any point on its way. Both separators count on every
/// system: a manifest is written for all of them.
pub(super) fn leaves(path: &str) -> bool {
    let mut depth = 0_usize;
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return true,
            },
            _ => depth += 1,
        }
    }
    false
}

/// Whether what follows the server's folder in a text leads out of it: read as one path, and read as the first of a list.
pub(super) fn leads_out(rest: &str) -> bool {
    let ends_path = |letter: char| letter.is_whitespace() || ":;,|\"'".contains(letter);
    leaves(rest) || rest.split(ends_path).next().is_some_and(leaves)
}

/// Whether a path begins at a root or a drive, and not at the server's folder.
pub(super) fn is_absolute(path: &str) -> bool {
    let drive = path.split_once(':').is_some_and(|(drive, _)| {
        drive.len() == 1 && drive.chars().all(|letter| letter.is_ascii_alphabetic())
    });
    drive || path.starts_with(['/', '\\'])
}

/// Whether a path is a file or folder of the server's own.
pub(super) fn is_below(path: &str) -> bool {
    !path.is_empty() && !is_absolute(path) && !leaves(path) && !path.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_leads_out_is_seen_wherever_it_turns() {
        for inside in ["a", "a/b", "./a", "a/../b", "a//b/..", "..a", "a/..b", ""] {
            assert!(!leaves(inside), "{inside:?}");
        }
        for outside in ["..", "../a", "a/../../b", "a\\..\\..\\b", "./../a", "a/../..", "/.."] {
            assert!(leaves(outside), "{outside:?}");
        }
        for elsewhere in ["/etc/passwd", "\\\\host\\share", "C:\\x", "c:x", "", "a\0"] {
            assert!(!is_below(elsewhere), "{elsewhere:?}");
        }
        assert!(is_below("server/index.js"));
        for list in ["/..:/usr/bin", "/a/../..;x", "/.. x", "/..,", "/a:b/../.."] {
            assert!(leads_out(list), "{list:?}");
        }
        assert!(!leads_out("/a:b/.."));
    }
}
