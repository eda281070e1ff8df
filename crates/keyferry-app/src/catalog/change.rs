//! Naming another source of manifests, and taking one away: in the settings file and at once.

use std::{path::Path, sync::Arc};

use super::{Catalog, InvalidSource, Place, Shelf, Source, SourceId, remote::FetchError};
use crate::{
    engine::Engine,
    settings::{self, EditError, Key},
};

/// Sources that a person may name.
const MOST: usize = 16;

/// Why the sources stay as they are.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    /// Not a source.
    #[error("this can't be a source of manifests: {0}")]
    Invalid(#[from] InvalidSource),
    /// A path that means something else for everybody.
    #[error("the path of a folder must be a whole one")]
    Relative,
    /// It is one already.
    #[error("{0} is a source already")]
    Known(Source),
    /// Enough.
    #[error("there are {MOST} sources already")]
    TooMany,
    /// There is no such folder, or it can't be read.
    #[error("{0}")]
    Folder(String),
    /// It can't be fetched.
    #[error("{0} can't be taken: {1}")]
    Url(Source, FetchError),
    /// No source of this id that a person named.
    #[error("there is no source `{0}` that could be removed")]
    Unknown(SourceId),
    /// The settings file does not take it.
    #[error(transparent)]
    Settings(#[from] EditError),
}

/// Adds a source, once it was looked at and the settings file has it.
pub(crate) async fn add(engine: &Engine, text: &str) -> Result<SourceId, ChangeError> {
    let _turn = engine.editing.lock().await;
    let source = Source::parse(text, Path::new(""))?;
    if matches!(&source, Source::Folder(path) if !path.is_absolute()) {
        return Err(ChangeError::Relative);
    }
    let catalog = &engine.catalog;
    let sources = catalog.named();
    if sources.contains(&source) {
        return Err(ChangeError::Known(source));
    }
    if sources.len() >= MOST {
        return Err(ChangeError::TooMany);
    }
    let shelf = first_look(engine, &source).await?;
    if let Err(error) = write(engine, sources.iter().chain([&source])) {
        catalog.store.remove(&source);
        return Err(error.into());
    }
    catalog.change(|shelves| shelves.push(Arc::new(shelf)));
    tracing::info!(%source, "a source of manifests is new");
    Ok(source.id())
}

/// Takes a source away, and what was kept of it. What was installed from it stays.
pub(crate) async fn remove(engine: &Engine, id: &SourceId) -> Result<(), ChangeError> {
    let _turn = engine.editing.lock().await;
    let sources = engine.catalog.named();
    let gone = sources.iter().find(|source| source.id() == *id);
    let gone = gone.ok_or_else(|| ChangeError::Unknown(id.clone()))?;
    write(engine, sources.iter().filter(|source| *source != gone))?;
    engine.catalog.change(|shelves| shelves.retain(|shelf| shelf.place != Place::Named(gone.clone())));
    engine.catalog.store.remove(gone);
    tracing::info!(source = %gone, "a source of manifests was removed");
    Ok(())
}

/// A source that can't be had at all is not taken: its address is most likely a slip.
async fn first_look(engine: &Engine, source: &Source) -> Result<Shelf, ChangeError> {
    match source {
        Source::Url(_) => {
            let looked = engine.catalog.fetch(source, engine.clock.now()).await;
            looked.map_err(|error| ChangeError::Url(source.clone(), error))
        }
        Source::Folder(path) => {
            let unreadable = || ChangeError::Folder(format!("{} can't be read", path.display()));
            let looked = engine.catalog.folder(Place::Named(source.clone()), path.clone()).await;
            let shelf = looked.ok_or_else(unreadable)?;
            match shelf.problems.iter().find(|problem| problem.error == "catalog_folder_unreadable") {
                Some(problem) => Err(ChangeError::Folder(problem.message.clone())),
                None => Ok(shelf),
            }
        }
    }
}

fn write<'s>(engine: &Engine, sources: impl Iterator<Item = &'s Source>) -> Result<(), EditError> {
    let list: Vec<_> = sources.map(ToString::to_string).collect();
    settings::edit(&engine.settings, Key::CatalogSources, Some(settings::NewValue::List(list)))
}

// === impl Catalog ===

impl Catalog {
    /// The sources that the person named, in their order.
    pub(crate) fn named(&self) -> Vec<Source> {
        let named = |shelf: &Arc<Shelf>| match &shelf.place {
            Place::Named(source) => Some(source.clone()),
            _ => None,
        };
        self.lock().iter().filter_map(named).collect()
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Arc<Shelf>>)) {
        let mut shelves = self.lock();
        change(&mut shelves);
        self.publish(&shelves);
    }
}

// === impl ChangeError ===

impl ChangeError {
    /// A stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) | Self::Relative => "bad_source",
            Self::Known(_) => "known_source",
            Self::TooMany => "too_many_sources",
            Self::Folder(_) => "catalog_folder_unreadable",
            Self::Url(_, error) => error.code(),
            Self::Unknown(_) => "unknown_source",
            Self::Settings(error) => error.code(),
        }
    }

    /// What the person can do next.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Invalid(_) | Self::Relative => {
                "give https://… or the whole path of a folder; plain http is for this machine alone"
                    .to_owned()
            }
            Self::Known(_) => "`keyferry catalog sources refresh` looks at it again".to_owned(),
            Self::TooMany => "remove one: `keyferry catalog sources remove`".to_owned(),
            Self::Folder(_) => "check that the folder is there and can be read".to_owned(),
            Self::Url(_, error) => error.hint().to_owned(),
            Self::Unknown(_) => {
                "`keyferry catalog sources list` shows them; what is built in stays".to_owned()
            }
            Self::Settings(error) => error.hint(),
        }
    }
}
