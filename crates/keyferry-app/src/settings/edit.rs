//! Changing one key of `keyferry.toml`. Every other byte of the file stays.

use std::{fs, io, path::PathBuf};

use axum::http::StatusCode;
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use super::{FILE_NAME, Key, LARGEST_FILE, Origin, Settings, SettingsError, layer::Layer};
use crate::vault::private_file;

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NewValue {
    /// One value.
    Text(String),
    /// A list.
    List(Vec<String>),
}

/// Why the file stays as it is.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EditError {
    /// Something that goes before the file says otherwise.
    #[error("`{0}` is set by {1}, which goes before the settings file")]
    Overruled(Key, Origin),
    /// The file can't be read or written.
    #[error("the settings file {} can't be changed: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// What the file would say then, or says already, can't be used.
    #[error(transparent)]
    Invalid(#[from] SettingsError),
}

// === impl EditError ===

impl EditError {
    /// A stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Overruled(..) => "setting_overruled",
            Self::File { .. } => "settings_unwritable",
            Self::Invalid(_) => "bad_setting",
        }
    }

    /// What a request for it is answered with.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Overruled(..) => StatusCode::CONFLICT,
            Self::File { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        }
    }

    /// What the person can do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Overruled(_, Origin::Variable(name)) => {
                format!("change or unset {name}, and start the app again")
            }
            Self::Overruled(..) => "start the app without it".to_owned(),
            Self::File { .. } => "check who may write the file, and that its disk has room".to_owned(),
            Self::Invalid(error) => error.hint(),
        }
    }
}

/// Writes a key of the data folder's settings file, or takes it out.
///
/// What goes before the file would still count, so a key that has a variable or a flag is refused.
///
/// # Errors
/// [`EditError`]; the file is untouched then.
pub(crate) fn edit(settings: &Settings, key: Key, value: Option<NewValue>) -> Result<(), EditError> {
    if let Some(origin @ (Origin::Variable(_) | Origin::Flag(_))) = settings.origins.get(&key) {
        return Err(EditError::Overruled(key, origin.clone()));
    }
    let path = settings.data_folder.join(FILE_NAME);
    let failed = |source| EditError::File { path: path.clone(), source };
    let before = match fs::metadata(&path) {
        Ok(about) if about.len() > LARGEST_FILE => return Err(SettingsError::TooLarge { path }.into()),
        Ok(_) => fs::read_to_string(&path).map_err(failed)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(failed(error)),
    };
    // What is wrong already is told with its line.
    Layer::from_toml(&path, &before)?;
    let after = changed(&before, key, value)
        .ok_or_else(|| failed(io::Error::other("its tables are not as they should be")))?;
    let layer = Layer::from_toml(&path, &after)?;
    Settings::of_file(settings.data_folder.clone(), &layer)?;
    private_file::write(&path, after.as_bytes()).map_err(failed)
}

fn changed(text: &str, key: Key, value: Option<NewValue>) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let (table, name): (&mut dyn TableLike, _) = match key.name().split_once('.') {
        None => (document.as_table_mut(), key.name()),
        Some((table, name)) => {
            let item = document.entry(table).or_insert_with(|| Item::Table(Table::new()));
            (item.as_table_like_mut()?, name)
        }
    };
    match (value, table.get_mut(name)) {
        (None, _) => _ = table.remove(name),
        (Some(new), Some(Item::Value(old))) => {
            let decor = old.decor().clone();
            *old = written(new);
            *old.decor_mut() = decor;
        }
        (Some(new), _) => _ = table.insert(name, Item::Value(written(new))),
    }
    Some(document.to_string())
}

fn written(value: NewValue) -> Value {
    match value {
        NewValue::Text(text) => match text.as_str() {
            "true" => Value::from(true),
            "false" => Value::from(false),
            _ => Value::from(text),
        },
        NewValue::List(list) => Value::from(list.into_iter().collect::<Array>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Option<NewValue> {
        Some(NewValue::List(items.iter().map(|&item| item.to_owned()).collect()))
    }

    #[test]
    fn one_key_changes_and_every_other_byte_stays() {
        let before = "# mine\nproxy_url = \"http://127.0.0.1:1\"  # here\n\n[vault] # key\nkey = \"file\"\n";
        let text = Some(NewValue::Text("https://proxy.example".to_owned()));
        let after = changed(before, Key::ProxyUrl, text).unwrap();
        assert_eq!(after, before.replace("http://127.0.0.1:1", "https://proxy.example"));
        let added = changed(&after, Key::CatalogSources, list(&["/a", "https://b.example"])).unwrap();
        assert_eq!(added, format!("{after}\n[catalog]\nsources = [\"/a\", \"https://b.example\"]\n"));
        let replaced = changed(&added, Key::CatalogSources, list(&[])).unwrap();
        assert_eq!(replaced, format!("{after}\n[catalog]\nsources = []\n"));
        assert_eq!(changed("open_browser = true\n", Key::OpenBrowser, None).unwrap(), "");
        let boolean = Some(NewValue::Text("false".to_owned()));
        assert_eq!(changed("", Key::OpenBrowser, boolean).unwrap(), "open_browser = false\n");
    }

    #[test]
    fn a_value_that_its_key_can_not_have_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::defaults(folder.path().to_owned());
        let path = folder.path().join(FILE_NAME);
        edit(&settings, Key::ServersRuntime, Some(NewValue::Text("process".to_owned()))).unwrap();
        let good = fs::read_to_string(&path).unwrap();
        assert_eq!(good, "[servers]\nruntime = \"process\"\n");
        let refused = edit(&settings, Key::ServersRuntime, Some(NewValue::Text("maybe".to_owned())));
        assert_eq!(refused.unwrap_err().code(), "bad_setting");
        assert_eq!(fs::read_to_string(&path).unwrap(), good);
        fs::write(&path, "nonsense = 1").unwrap();
        assert!(edit(&settings, Key::OpenBrowser, Some(NewValue::Text("true".to_owned()))).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "nonsense = 1");
    }

    #[test]
    fn what_a_variable_or_a_flag_says_is_not_changed_in_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = Settings::defaults(folder.path().to_owned());
        settings.origins.insert(Key::ProxyUrl, Origin::Variable("KEYFERRY_PROXY_URL".to_owned()));
        let error =
            edit(&settings, Key::ProxyUrl, Some(NewValue::Text("https://a.example".to_owned()))).unwrap_err();
        assert_eq!(error.code(), "setting_overruled");
        assert!(error.hint().contains("KEYFERRY_PROXY_URL"));
        assert!(!folder.path().join(FILE_NAME).exists());
    }
}
