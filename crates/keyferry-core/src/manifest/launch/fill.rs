//! Fills templates. What is put in is never read as a template again.

use zeroize::Zeroizing;

use super::{LaunchError, Surroundings};
use crate::manifest::{
    folder::leads_out,
    settings::{Chosen, SettingValue, Settings},
    template::{Piece, Template, Word},
    user_config::SettingKey,
};

/// What one argument or variable may hold on Linux (`MAX_ARG_STRLEN`). A text repeated by a template stops here.
const LONGEST: usize = 128 * 1024;

/// A filled part of a text.
pub(super) struct Part {
    pub(super) text: Zeroizing<String>,
    pub(super) secret: bool,
    /// Whether this is the server's folder, below which the rest must stay.
    folder: bool,
}

/// What templates are filled from.
#[derive(Clone, Copy)]
pub(super) struct Values<'v> {
    pub(super) settings: &'v Settings,
    pub(super) surroundings: &'v Surroundings,
}

/// A setting without a value.
pub(super) struct Unset(pub(super) SettingKey);

impl Part {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: Zeroizing::new(text.into()), secret: false, folder: false }
    }
}

impl Values<'_> {
    /// Fills a whole text; several values of one setting are joined with commas. `place` names it in errors.
    pub(super) fn fill(
        &self,
        template: &Template,
        place: &str,
    ) -> Result<Result<Vec<Part>, Unset>, LaunchError> {
        let mut parts = Vec::new();
        for piece in template.pieces() {
            match piece {
                Piece::Text(text) => parts.push(Part::plain(text.as_str())),
                Piece::Word(word) => parts.push(self.word(*word, place)?),
                Piece::Setting(key) => {
                    let Some(chosen) = self.settings.get(key) else { return Ok(Err(Unset(key.clone()))) };
                    for (index, value) in chosen.values.iter().enumerate() {
                        if index > 0 {
                            parts.push(Part::plain(","));
                        }
                        parts.extend(self.value(chosen, value, place)?);
                    }
                }
            }
        }
        check(&parts, place)?;
        Ok(Ok(parts))
    }

    /// Each value of a setting as a text of its own.
    pub(super) fn each(&self, key: &SettingKey, place: &str) -> Result<Vec<Vec<Part>>, LaunchError> {
        let Some(chosen) = self.settings.get(key) else { return Ok(Vec::new()) };
        let one = |value| {
            let parts = self.value(chosen, value, place)?;
            check(&parts, place)?;
            Ok(parts)
        };
        chosen.values.iter().map(one).collect()
    }

    fn value(&self, chosen: &Chosen, value: &SettingValue, place: &str) -> Result<Vec<Part>, LaunchError> {
        let mut parts = match value {
            SettingValue::Plain(text) => vec![Part::plain(text.as_str())],
            SettingValue::Secret(secret) => vec![Part::plain(secret.expose_secret())],
            SettingValue::Default(template) => self.default(template, place)?,
        };
        for part in &mut parts {
            part.secret = chosen.sensitive;
        }
        Ok(parts)
    }

    /// A default names places of the machine alone; the parser sees to it.
    fn default(&self, template: &Template, place: &str) -> Result<Vec<Part>, LaunchError> {
        let part = |piece: &Piece| match piece {
            Piece::Text(text) => Ok(Part::plain(text.as_str())),
            Piece::Word(word) => self.word(*word, place),
            Piece::Setting(_) => Ok(Part::plain("")),
        };
        template.pieces().iter().map(part).collect()
    }

    fn word(&self, word: Word, place: &str) -> Result<Part, LaunchError> {
        let around = self.surroundings;
        let (known, name) = match word {
            Word::Separator => return Ok(Part::plain(around.platform.separator())),
            Word::Folder => {
                let folder = around.server_folder.as_deref();
                let folder = folder.ok_or_else(|| LaunchError::NoFolder { place: place.to_owned() })?;
                return Ok(Part { folder: true, ..Part::plain(folder) });
            }
            Word::Home => (&around.home, "${HOME}"),
            Word::Desktop => (&around.desktop, "${DESKTOP}"),
            Word::Documents => (&around.documents, "${DOCUMENTS}"),
            Word::Downloads => (&around.downloads, "${DOWNLOADS}"),
        };
        let known = known.as_deref();
        known.map(Part::plain).ok_or_else(|| LaunchError::NoPlace { place: place.to_owned(), word: name })
    }
}

/// The parser saw the author's own `..`; this sees what the settings make of a path.
fn check(parts: &[Part], place: &str) -> Result<(), LaunchError> {
    if parts.iter().map(|part| part.text.len()).sum::<usize>() > LONGEST {
        return Err(LaunchError::TooLong { place: place.to_owned() });
    }
    for (index, _) in parts.iter().enumerate().filter(|(_, part)| part.folder) {
        let rest: Zeroizing<String> =
            Zeroizing::new(parts.iter().skip(index + 1).map(|part| part.text.as_str()).collect());
        if leads_out(&rest) {
            return Err(LaunchError::LeavesFolder { place: place.to_owned() });
        }
    }
    Ok(())
}
