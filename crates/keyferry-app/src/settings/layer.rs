//! The three places a setting can come from, read into one shape before anything is interpreted.

use std::{
    collections::BTreeMap,
    fmt, fs,
    io::{ErrorKind, Read as _},
    path::{Path, PathBuf},
};

use toml::de::{DeTable, DeValue};

use super::{InvalidValue, Key, LARGEST_FILE, SettingsError, value};
use crate::{catalog::Source, vault::private_file};

/// Where a value was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A line of the settings file, counted from 1.
    File(PathBuf, usize),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line) => write!(out, "{}:{line}", path.display()),
            Self::Variable(name) | Self::Flag(name) => out.write_str(name),
        }
    }
}

/// A value before it is interpreted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Raw {
    Text(String),
    List(Vec<String>),
}

/// What one place says.
#[derive(Clone, Debug, Default)]
pub(super) struct Layer(BTreeMap<Key, (Raw, Origin)>);

/// What the command line said: settings by their key, and the data folder.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    data_folder: Option<PathBuf>,
    layer: Layer,
}

impl Flags {
    /// No flags.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets one setting; `flag` is what an error names, such as `--listen`. `None` leaves it to the environment.
    #[must_use]
    pub fn with(mut self, key: Key, flag: &str, value: Option<impl Into<String>>) -> Self {
        if let Some(value) = value {
            self.layer.0.insert(key, (Raw::Text(value.into()), Origin::Flag(flag.to_owned())));
        }
        self
    }

    /// Sets a setting that is a list of folders, unless the list is empty.
    #[must_use]
    pub fn with_folders(mut self, key: Key, flag: &str, folders: &[PathBuf]) -> Self {
        if !folders.is_empty() {
            let list = folders.iter().map(|folder| folder.to_string_lossy().into_owned()).collect();
            self.layer.0.insert(key, (Raw::List(list), Origin::Flag(flag.to_owned())));
        }
        self
    }

    /// Puts the data folder elsewhere, `KEYFERRY_HOME` notwithstanding.
    #[must_use]
    pub fn with_data_folder(mut self, folder: Option<PathBuf>) -> Self {
        self.data_folder = folder;
        self
    }

    pub(super) fn data_folder(&self) -> Option<&Path> {
        self.data_folder.as_deref()
    }

    pub(super) fn layer(&self) -> &Layer {
        &self.layer
    }
}

impl Layer {
    /// Reads every setting's variable. A secret may stand in a file instead, which the variable with `_FILE` at its end names.
    pub(super) fn from_environment(
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let mut layer = Self::default();
        for key in Key::ALL {
            let variable = key.variable();
            let in_file = format!("{variable}_FILE");
            // What a Compose file or a unit passes on without having it is empty.
            let given = |name: &str| environment(name).filter(|text| !key.is_secret() || !text.is_empty());
            let path = given(&in_file).filter(|_| key.is_secret());
            let (value, variable) = match (given(&variable), path) {
                (None, None) => continue,
                (Some(_), Some(_)) => return Err(SettingsError::Both { variable }),
                (Some(value), None) => (value, variable),
                (None, Some(path)) => (secret(&in_file, path.into())?, in_file),
            };
            layer.0.insert(key, (Raw::Text(value), Origin::Variable(variable)));
        }
        Ok(layer)
    }

    /// Reads the settings file; a file that is not there says nothing.
    pub(super) fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let unreadable = |source| SettingsError::Unreadable { path: path.to_owned(), source };
        let file = match fs::File::open(path) {
            Ok(file) => file,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Self::default());
            }
            Err(error) => return Err(unreadable(error)),
        };
        let mut text = String::new();
        file.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(unreadable)?;
        if text.len() as u64 > LARGEST_FILE {
            return Err(SettingsError::TooLarge { path: path.to_owned() });
        }
        Self::from_toml(path, &text)
    }

    pub(super) fn from_toml(path: &Path, text: &str) -> Result<Self, SettingsError> {
        let table = DeTable::parse(text).map_err(|error| SettingsError::NotToml {
            path: path.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let mut layer = Self::default();
        for (name, value) in table.get_ref() {
            match value.get_ref() {
                DeValue::Table(below) if Key::is_table(name.get_ref()) => {
                    for (part, value) in below {
                        let line = line_of(text, part.span().start);
                        layer.take(
                            path,
                            line,
                            &format!("{}.{}", name.get_ref(), part.get_ref()),
                            value.get_ref(),
                        )?;
                    }
                }
                value => layer.take(path, line_of(text, name.span().start), name.get_ref(), value)?,
            }
        }
        Ok(layer)
    }

    /// Takes the value of one key of the file.
    fn take(
        &mut self,
        path: &Path,
        line: usize,
        name: &str,
        value: &DeValue<'_>,
    ) -> Result<(), SettingsError> {
        let key = Key::named(name).ok_or_else(|| unknown(path, line, name))?;
        let origin = Origin::File(path.to_owned(), line);
        let raw = raw(value).ok_or_else(|| SettingsError::Invalid {
            origin: origin.clone(),
            reason: InvalidValue::Shape(key),
        })?;
        self.0.insert(key, (raw, origin));
        Ok(())
    }
}

/// A secret's file without the line break at its end. One that others could read or write is refused.
fn secret(variable: &str, path: PathBuf) -> Result<String, SettingsError> {
    match private_file::read(&path, LARGEST_FILE) {
        Ok(text) => {
            let line = text.strip_suffix('\n').unwrap_or(&text);
            Ok(line.strip_suffix('\r').unwrap_or(line).to_owned())
        }
        Err(source) => Err(SettingsError::SecretFile { variable: variable.to_owned(), path, source }),
    }
}

fn unknown(path: &Path, line: usize, key: &str) -> SettingsError {
    let nearest = keyferry_core::suggest::nearest(key, Key::ALL.iter().map(|key| key.name()));
    SettingsError::UnknownKey { path: path.to_owned(), line, key: key.chars().take(60).collect(), nearest }
}

fn raw(value: &DeValue<'_>) -> Option<Raw> {
    match value {
        DeValue::String(text) => Some(Raw::Text(text.to_string())),
        DeValue::Boolean(on) => Some(Raw::Text(on.to_string())),
        DeValue::Integer(number) => Some(Raw::Text(number.as_str().to_owned())),
        DeValue::Array(items) => {
            let text = |item: &toml::Spanned<DeValue<'_>>| item.get_ref().as_str().map(str::to_owned);
            items.iter().map(text).collect::<Option<Vec<_>>>().map(Raw::List)
        }
        DeValue::Float(_) | DeValue::Datetime(_) | DeValue::Table(_) => None,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// The places in the order in which they win.
pub(super) struct Layers<'a> {
    pub(super) flags: &'a Layer,
    pub(super) environment: &'a Layer,
    pub(super) file: &'a Layer,
}

impl Layers<'_> {
    fn get(&self, key: Key) -> Option<&(Raw, Origin)> {
        [self.flags, self.environment, self.file].into_iter().find_map(|layer| layer.0.get(&key))
    }

    /// Where each setting was given.
    pub(super) fn origins(&self) -> BTreeMap<Key, Origin> {
        Key::ALL.into_iter().filter_map(|key| Some((key, self.get(key)?.1.clone()))).collect()
    }

    /// A setting that is one value.
    pub(super) fn value<T>(
        &self,
        key: Key,
        parse: fn(Key, &str) -> Result<T, InvalidValue>,
    ) -> Result<Option<T>, SettingsError> {
        let Some((raw, origin)) = self.get(key) else { return Ok(None) };
        let parsed = match raw {
            Raw::Text(text) => parse(key, text),
            Raw::List(_) => Err(InvalidValue::Shape(key)),
        };
        parsed.map(Some).map_err(|reason| SettingsError::Invalid { origin: origin.clone(), reason })
    }

    /// A setting that is one file. A relative one of the file lies in the data folder, any other in the working directory.
    pub(super) fn file(&self, key: Key, data_folder: &Path) -> Result<Option<PathBuf>, SettingsError> {
        let Some(path) = self.value(key, value::path)? else { return Ok(None) };
        let Some((_, origin)) = self.get(key) else { return Ok(None) };
        let absolute = match origin {
            Origin::File(..) => Ok(data_folder.join(path)),
            _ => std::path::absolute(path),
        };
        let invalid = |_| SettingsError::Invalid { origin: origin.clone(), reason: InvalidValue::Shape(key) };
        absolute.map(Some).map_err(invalid)
    }

    /// A setting that is a list of folders. One variable or flag holds several as `PATH` does; a relative folder of the
    /// file lies in the data folder, any other in the working directory.
    pub(super) fn folders(
        &self,
        key: Key,
        data_folder: &Path,
    ) -> Result<Option<Vec<PathBuf>>, SettingsError> {
        let Some((raw, origin)) = self.get(key) else { return Ok(None) };
        let folders = match (raw, origin) {
            (Raw::Text(text), Origin::File(..)) => vec![PathBuf::from(text)],
            (Raw::Text(text), _) => std::env::split_paths(text).collect(),
            (Raw::List(list), _) => list.iter().map(PathBuf::from).collect(),
        };
        let absolute = |folder: PathBuf| match origin {
            Origin::File(..) => Ok(data_folder.join(folder)),
            _ => std::path::absolute(folder),
        };
        let usable = |folder: PathBuf| {
            value::folder(key, folder)
                .and_then(|folder| absolute(folder).map_err(|_| InvalidValue::Shape(key)))
        };
        let folders: Result<Vec<_>, _> = folders.into_iter().map(usable).collect();
        folders.map(Some).map_err(|reason| SettingsError::Invalid { origin: origin.clone(), reason })
    }

    /// A setting that is a list of folders and URLs. One variable or flag holds several with commas between them.
    pub(super) fn sources(&self, key: Key, data_folder: &Path) -> Result<Option<Vec<Source>>, SettingsError> {
        let Some((raw, origin)) = self.get(key) else { return Ok(None) };
        let texts: Vec<&str> = match (raw, origin) {
            (Raw::Text(text), Origin::File(..)) => vec![text],
            (Raw::Text(text), _) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).collect(),
            (Raw::List(list), _) => list.iter().map(String::as_str).collect(),
        };
        let invalid = |reason| SettingsError::Invalid { origin: origin.clone(), reason };
        let base = match origin {
            Origin::File(..) => data_folder.to_owned(),
            _ => std::path::absolute(".").map_err(|_| invalid(InvalidValue::Shape(key)))?,
        };
        let source = |text: &&str| {
            Source::parse(text, &base).map_err(|error| invalid(InvalidValue::NotASource(key, error)))
        };
        texts.iter().map(source).collect::<Result<_, _>>().map(Some)
    }
}
