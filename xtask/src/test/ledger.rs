//! No secret in any output: every secret that the sandbox provider issued during the run is searched in all that was printed, and in
//! every file that was left in the temporary folder.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// How many last bytes of a secret find it. The first bytes tell the kind, and are the same in many.
const TAIL: usize = 8;

/// Secrets by their last bytes, so that one pass over the output finds any of them, however many were issued.
struct Index<'a> {
    by_tail: HashMap<&'a [u8], Vec<&'a str>>,
}

// === impl Index ===

impl<'a> Index<'a> {
    fn new(secrets: &[&'a str]) -> Self {
        let mut by_tail: HashMap<_, Vec<_>> = HashMap::new();
        for secret in secrets {
            if let Some(tail) = secret.as_bytes().last_chunk::<TAIL>() {
                by_tail.entry(&tail[..]).or_default().push(*secret);
            }
        }
        Self { by_tail }
    }

    fn find(&self, text: &[u8]) -> Option<&'a str> {
        let ends = (TAIL..).zip(text.windows(TAIL));
        ends.filter_map(|(end, tail)| Some((end, self.by_tail.get(tail)?))).find_map(|(end, secrets)| {
            let before = text.get(..end).unwrap_or_default();
            secrets.iter().copied().find(|secret| before.ends_with(secret.as_bytes()))
        })
    }
}

/// Searches the files at and below `places` for each secret of the ledger, and tells how many there were.
///
/// An empty ledger is a failure too: then nothing was issued, or nothing was written down, and the search proves nothing.
pub(super) fn check(ledger: &Path, places: &[&Path]) -> Result<usize, String> {
    let text = fs::read_to_string(ledger)
        .map_err(|error| format!("the ledger of issued secrets can't be read: {error}"))?;
    let secrets: Vec<_> = text.lines().filter(|line| line.len() >= TAIL).collect();
    if secrets.is_empty() {
        return Err("the ledger holds no secret: the run issued none, or did not write them down".to_owned());
    }
    let index = Index::new(&secrets);
    for place in places {
        search(place, &mut |file, bytes| match index.find(bytes) {
            // The line in the ledger, and not the secret: this message is output, too.
            Some(secret) => {
                let line = secrets.iter().position(|other| *other == secret).map_or(0, |at| at + 1);
                Err(format!(
                    "an issued secret (secret {line} of {}) stands in {}",
                    ledger.display(),
                    file.display()
                ))
            }
            None => Ok(()),
        })?;
    }
    Ok(secrets.len())
}

/// Reads every file at or below `place`. Links are not followed.
fn search(place: &Path, look: &mut impl FnMut(&Path, &[u8]) -> Result<(), String>) -> Result<(), String> {
    let unread = |error: std::io::Error| format!("{} can't be searched: {error}", place.display());
    let kind = fs::symlink_metadata(place).map_err(unread)?.file_type();
    if kind.is_dir() {
        let entries = fs::read_dir(place).map_err(unread)?.collect::<Result<Vec<_>, _>>().map_err(unread)?;
        let below: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        return below.iter().try_for_each(|path| search(path, look));
    }
    if kind.is_file() { look(place, &fs::read(place).map_err(unread)?) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(ledger: &str, files: &[(&str, &str)]) -> Result<usize, String> {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("place");
        fs::write(folder.path().join("ledger"), ledger).unwrap();
        for (name, text) in files {
            let file = place.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        check(&folder.path().join("ledger"), &[&place])
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        let ledger = "sbx_at_secret\nsbx_rt_other\n";
        for text in ["sbx_at_secret", "log: sbx_at_secret\n", "xsbx_rt_otherx", "\u{0}\nsbx_at_sbx_at_secret"]
        {
            let error = checked(ledger, &[("clean", "log: fine\n"), ("deep/down/log", text)]).unwrap_err();
            assert!(error.contains("deep/down/log") && !error.contains("sbx_"), "{error}");
        }
        assert_eq!(checked(ledger, &[("log", "sbx_at_secre at_secret\nsbx_rt_othe"), ("empty", "")]), Ok(2));
    }

    #[test]
    fn secrets_with_the_same_end_are_told_apart() {
        let ledger = "one_same_tail\ntwo_same_tail\n";
        assert!(checked(ledger, &[("log", "two_same_tail")]).unwrap_err().contains("secret 2 of"));
        assert_eq!(checked(ledger, &[("log", "three_same_tail")]), Ok(2));
    }

    #[test]
    fn an_empty_ledger_proves_nothing() {
        assert!(checked("", &[("log", "fine")]).is_err());
        assert!(checked("short\n", &[("log", "fine")]).is_err());
    }
}
