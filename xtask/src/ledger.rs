//! No secret in any output: every secret that the sandbox provider issued during the run is searched in all that was printed.

use std::{fs, path::Path};

/// Searches `output` for each secret of the ledger.
///
/// An empty ledger is a failure too: then nothing was issued, or nothing was written down, and the search proves nothing.
pub(crate) fn check(ledger: &Path, output: &Path) -> Result<usize, String> {
    let secrets = fs::read_to_string(ledger)
        .map_err(|error| format!("the ledger of issued secrets can't be read: {error}"))?;
    let printed = fs::read(output).map_err(|error| format!("the recorded output can't be read: {error}"))?;
    let printed = String::from_utf8_lossy(&printed);
    let secrets: Vec<_> = secrets.lines().filter(|line| line.len() >= 8).collect();
    if secrets.is_empty() {
        return Err("the ledger holds no secret: the run issued none, or did not write them down".to_owned());
    }
    match secrets.iter().position(|secret| printed.contains(secret)) {
        Some(at) => {
            Err(format!("an issued secret (line {} of {}) stands in the output", at + 1, ledger.display()))
        }
        None => Ok(secrets.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(ledger: &str, output: &str, name: &str) -> Result<usize, String> {
        let folder = std::env::temp_dir().join(format!("keyferry-ledger-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("ledger"), ledger).unwrap();
        fs::write(folder.join("output"), output).unwrap();
        let result = check(&folder.join("ledger"), &folder.join("output"));
        fs::remove_dir_all(folder).unwrap();
        result
    }

    #[test]
    fn a_secret_in_the_output_is_found() {
        assert!(checked("sbx_at_secret\n", "log: sbx_at_secret\n", "found").is_err());
        assert_eq!(checked("sbx_at_secret\nsbx_rt_other\n", "log: fine\n", "clean"), Ok(2));
    }

    #[test]
    fn an_empty_ledger_proves_nothing() {
        assert!(checked("", "log: fine\n", "empty").is_err());
    }
}
