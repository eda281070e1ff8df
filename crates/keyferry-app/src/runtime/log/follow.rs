//! What a log has gained since it was last looked at.

use std::{
    fmt,
    fs::{self, File},
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
    str::FromStr,
};

use super::file::{before, private};

/// More than a log file ever has: a larger one is not ours, and only its beginning is read.
const LARGEST_FILE: u64 = 64 * 1024 * 1024;

/// How far a log was read: which file, and how many bytes of it. Outlives the app, for it is of the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    file: u64,
    offset: u64,
}

/// The whole lines after a cursor, oldest first, and the cursor after them. Of a file that has become the one before, the rest comes
/// too; what has gone meanwhile is gone. Blocks.
pub(crate) fn after(path: &Path, cursor: Cursor) -> io::Result<(Vec<String>, Cursor)> {
    let mut lines = Vec::new();
    let Some((mut current, number)) = open(path)? else { return Ok((lines, cursor)) };
    let mut from = 0;
    if number == cursor.file {
        from = cursor.offset;
    } else if let Some((mut old, number)) = open(&before(path))? {
        let from = if number == cursor.file { cursor.offset } else { 0 };
        read(&mut old, from, &mut lines)?;
    }
    let offset = read(&mut current, from, &mut lines)?;
    Ok((lines, Cursor { file: number, offset }))
}

/// Adds the whole lines from an offset on, and answers where they end.
fn read(file: &mut File, from: u64, lines: &mut Vec<String>) -> io::Result<u64> {
    // A file that is shorter than it was is another one.
    let from = if file.metadata()?.len() < from { 0 } else { from };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE).read_to_end(&mut bytes)?;
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    let text = bytes.get(..whole).unwrap_or_default();
    let said = text.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line).into_owned());
    lines.extend(said.take(text.iter().filter(|byte| **byte == b'\n').count()));
    Ok(from + whole as u64)
}

/// A file and its number, which it keeps when it is renamed.
fn open(path: &Path) -> io::Result<Option<(File, u64)>> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    private(&mut options);
    match options.open(path) {
        Ok(file) => {
            let number = number(&file.metadata()?);
            Ok(Some((file, number)))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(unix)]
fn number(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

/// The moment it was made stands for the number that this system does not tell.
#[cfg(not(unix))]
fn number(metadata: &fs::Metadata) -> u64 {
    let made = metadata.created().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    made.map_or(1, |since| u64::try_from(since.as_micros()).unwrap_or(1))
}

impl fmt::Display for Cursor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.file, self.offset)
    }
}

/// A text that is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no cursor")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;

    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (file, offset) = text.split_once('-').ok_or(NoCursor)?;
        Ok(Self { file: file.parse().map_err(|_| NoCursor)?, offset: offset.parse().map_err(|_| NoCursor)? })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::file::LogFile, *};

    #[test]
    fn each_line_comes_once_also_over_a_change_of_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.log");
        assert_eq!(after(&path, Cursor::default()).unwrap(), (vec![], Cursor::default()));
        let mut log = LogFile::open(&path, 100).unwrap();
        let (mut cursor, mut seen) = (Cursor::default(), Vec::new());
        for number in 0..100 {
            log.write(&format!("line {number:04}\n")).unwrap();
            if number % 7 == 0 {
                let (lines, now) = after(&path, cursor.to_string().parse().unwrap()).unwrap();
                seen.extend(lines);
                cursor = now;
                assert_eq!(after(&path, cursor).unwrap(), (vec![], cursor));
            }
        }
        let expected: Vec<_> = (0..=98).map(|number| format!("line {number:04}")).collect();
        assert_eq!(seen, expected);
        assert!("7".parse::<Cursor>().is_err() && "a-b".parse::<Cursor>().is_err());
    }
}
