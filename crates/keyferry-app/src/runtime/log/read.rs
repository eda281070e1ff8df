//! The end of a log, for a person.

use std::{
    collections::VecDeque,
    fs,
    io::{self, BufRead as _, BufReader, Read as _},
    path::Path,
};

use super::file::{before, private};

/// More than a log file ever has: a larger one is not ours, and only its beginning is read.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// The last `count` lines, oldest first; none when there is no log yet. Blocks.
pub(crate) fn last_lines(path: &Path, count: usize) -> io::Result<Vec<String>> {
    let mut lines = VecDeque::new();
    for file in [&before(path), path] {
        let mut options = fs::OpenOptions::new();
        options.read(true);
        private(&mut options);
        let file = match options.open(file) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file.take(LARGEST_FILE)).split(b'\n') {
            lines.push_back(String::from_utf8_lossy(&line?).into_owned());
            if lines.len() > count {
                lines.pop_front();
            }
        }
    }
    Ok(lines.into())
}

/// Removes a log. One that is not there is removed already.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    for file in [&before(path), path] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_log_reaches_into_the_file_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.log");
        assert_eq!(last_lines(&path, 5).unwrap(), Vec::<String>::new());
        fs::write(before(&path), "1\n2\n").unwrap();
        fs::write(&path, "3\n4\nhalf").unwrap();
        assert_eq!(last_lines(&path, 4).unwrap(), ["2", "3", "4", "half"]);
        assert_eq!(last_lines(&path, 0).unwrap(), Vec::<String>::new());
        assert_eq!(last_lines(&path, 99).unwrap().len(), 5);
        remove(&path).unwrap();
        remove(&path).unwrap();
        assert_eq!(last_lines(&path, 5).unwrap(), Vec::<String>::new());
    }
}
