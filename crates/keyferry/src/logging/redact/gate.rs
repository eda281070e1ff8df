//! Whether a line may hold a secret: one look at each of its bytes.
//!
//! Whatever the pattern matches ends a name or a prefix with one of a few bytes. At each of these the gate looks back. It may stop
//! a line that the pattern then leaves as it is, and never lets one pass that the pattern would mask.

/// What a byte may be the end of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Nothing,
    /// Stands between a name and its value.
    Separator,
    /// Stands behind the prefix of a token, or behind `Bearer`.
    Mark,
}

static CLASSES: [Class; 256] = classes();

/// Whether the pattern has to look at the line.
pub(super) fn may_hold_a_secret(line: &[u8]) -> bool {
    line.iter().enumerate().any(|(at, &byte)| {
        let class = CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Mark);
        // First what most bytes are.
        if class == Class::Nothing {
            return false;
        }
        let before = line.get(..at).unwrap_or_default();
        if class == Class::Separator { follows_a_name(before) } else { follows_a_prefix(before, byte) }
    })
}

#[expect(clippy::indexing_slicing, reason = "constant indices, checked when it is compiled")]
const fn classes() -> [Class; 256] {
    let mut classes = [Class::Nothing; 256];
    let mut at = 0;
    while at < 256 {
        classes[at] = match at as u8 {
            b'=' | b':' | b'%' => Class::Separator,
            b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r' => Class::Mark,
            b'_' | b'.' | b'-' | b'J' | 0x1b => Class::Mark,
            _ => Class::Nothing,
        };
        at += 1;
    }
    classes
}

/// Whether the text ends with the name of a secret, then perhaps quotes and spaces.
fn follows_a_name(before: &[u8]) -> bool {
    let mut name = before;
    while let [rest @ .., b'"' | b'\'' | b'\\' | b' ' | b'\t' | b'\n' | 0x0b | 0x0c | b'\r'] = name {
        name = rest;
    }
    let [.., last_but_one, last] = name else { return false };
    let tail: &[u8] = match [last_but_one | 0x20, last | 0x20] {
        [b'e', b'n'] => b"token",
        [b'e', b't'] => b"secret",
        [b'o', b'n'] => b"assertion",
        [b'e', b'r'] => b"verifier",
        [b'r', b'd'] => b"password",
        [b'e', b'y'] => b"key",
        [b'i', b'e'] => b"cookie",
        [b'd', b'e'] => b"code",
        [b't', b'e'] => b"state",
        _ => return false,
    };
    ends_with(name, tail)
}

/// Whether the text ends with what, before this byte, is the prefix of a token.
fn follows_a_prefix(before: &[u8], byte: u8) -> bool {
    match byte {
        b'_' => matches!(before, [.., b's', b'b', b'x'] | [.., b'g', b'h', _] | [.., b'p', b'a', b't']),
        b'.' => before.ends_with(b"ya29") || before.ends_with(b"kfr1"),
        b'-' => matches!(before, [.., b'x', b'o', b'x', _]),
        b'J' => before.ends_with(b"ey"),
        // A colour may stand between anything and anything. Only a terminal gets any.
        0x1b => true,
        _ => ends_with(before, b"bearer") || ends_with(before, b"basic"),
    }
}

/// In whatever case.
fn ends_with(text: &[u8], tail: &[u8]) -> bool {
    let start = text.len().checked_sub(tail.len());
    start.and_then(|start| text.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(tail))
}
