//! Folders of small files that a person keeps: provider files, manifests. Read with limits.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Far more files of one kind than a person has: a folder with more is another folder.
const MOST_FILES: usize = 5_000;

/// Why a folder or a file of it can't be read.
#[derive(Debug, thiserror::Error)]
pub enum DataFileError {
    /// The system does not let it be read.
    #[error("{} can't be read: {source}", path.display())]
    Unreadable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A folder of something else.
    #[error("{} holds more than {MOST_FILES} files", .0.display())]
    TooMany(PathBuf),
    /// A folder or device, or too large.
    #[error("{} is not a file of at most {largest} bytes", path.display())]
    NoFile {
        /// What is there.
        path: PathBuf,
        /// As many bytes would do.
        largest: u64,
    },
}

/// The files of a folder that end so, by name.
pub fn list(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, DataFileError> {
    let unreadable = |source| DataFileError::Unreadable { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(DataFileError::TooMany(folder.to_owned()));
        }
    }
    files.sort();
    Ok(files)
}

/// A file's text, if it is a file and no larger than this.
pub fn read(path: &Path, largest: u64) -> Result<String, DataFileError> {
    let unreadable = |source| DataFileError::Unreadable { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > largest {
        return Err(DataFileError::NoFile { path: path.to_owned(), largest });
    }
    let mut text = String::new();
    fs::File::open(path).and_then(|file| file.take(largest).read_to_string(&mut text)).map_err(unreadable)?;
    Ok(text)
}
