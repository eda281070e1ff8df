//! Whether a program brings all it needs along.

use std::{
    fs::File,
    io::{Read as _, Take},
    path::Path,
};

/// The interpreter of a program: the loader of its libraries (System V ABI, "Program Header").
const PT_INTERP: u32 = 3;
/// Its headers lie within these first bytes.
const HEAD: u64 = 64 * 1024;

/// Whether this is a Linux program that needs no library of its machine.
pub(super) fn is_static(program: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(program).and_then(|file| Take::read_to_end(&mut file.take(HEAD), &mut head));
    read.is_ok() && has_no_interpreter(&head).unwrap_or(false)
}

/// Reads the program headers of an ELF file of 64 bits, little-endian. Nothing where it is something else.
fn has_no_interpreter(head: &[u8]) -> Option<bool> {
    if !head.starts_with(b"\x7fELF\x02\x01") {
        return None;
    }
    let small = |at: usize| Some(usize::from(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?)));
    let first = usize::try_from(u64::from_le_bytes(head.get(32..40)?.try_into().ok()?)).ok()?;
    let (size, count) = (small(54)?, small(56)?);
    for index in 0..count {
        let at = first.checked_add(index.checked_mul(size)?)?;
        if u32::from_le_bytes(head.get(at..at.checked_add(4)?)?.try_into().ok()?) == PT_INTERP {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(kinds: &[u32]) -> Vec<u8> {
        let mut head = b"\x7fELF\x02\x01".to_vec();
        head.resize(64, 0);
        head[32] = 64;
        head[54] = 56;
        head[56] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            head.extend(kind.to_le_bytes());
            head.extend([0; 52]);
        }
        head
    }

    #[test]
    fn a_program_with_an_interpreter_is_not_static() {
        assert_eq!(has_no_interpreter(&elf(&[6, 1, 2])), Some(true));
        assert_eq!(has_no_interpreter(&elf(&[6, PT_INTERP, 1])), Some(false));
        assert_eq!(has_no_interpreter(b"#!/bin/sh\n"), None);
        let whole = elf(&[6, PT_INTERP]);
        assert!((0..64 + 60).all(|length| has_no_interpreter(&whole[..length]).is_none()));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_test_has_one() {
        let ourselves = std::env::current_exe().unwrap();
        assert_eq!(is_static(&ourselves), cfg!(target_feature = "crt-static"));
        assert!(!is_static(Path::new("/nowhere")));
    }
}
