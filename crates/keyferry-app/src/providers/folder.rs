//! Reading a folder of provider files, with limits.

use std::{
    fs,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

/// Far more than a provider file has.
const LARGEST_FILE: u64 = 64 * 1024;

/// Far more than a person has providers; a folder of more is another folder.
const MOST_FILES: usize = 1_000;

/// Why a folder or file of it can't be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum FolderError {
    #[error("{} can't be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} holds more than {MOST_FILES} files", .0.display())]
    TooMany(PathBuf),
    #[error("{} is not a file of at most {LARGEST_FILE} bytes", .0.display())]
    NoFile(PathBuf),
}

/// The `*.toml` of a folder, by name.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, FolderError> {
    let unreadable = |source| FolderError::Unreadable { path: folder.to_owned(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
        if files.len() > MOST_FILES {
            return Err(FolderError::TooMany(folder.to_owned()));
        }
    }
    files.sort();
    Ok(files)
}

/// A file's text.
pub(super) fn read(path: &Path) -> Result<String, FolderError> {
    let unreadable = |source| FolderError::Unreadable { path: path.to_owned(), source };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() || metadata.len() > LARGEST_FILE {
        return Err(FolderError::NoFile(path.to_owned()));
    }
    let mut text = String::new();
    fs::File::open(path).and_then(|file| file.take(LARGEST_FILE).read_to_string(&mut text)).map_err(unreadable)?;
    Ok(text)
}
