//! A folder of provider files, loaded again and again: the folder is listed, each file read, parsed and put into a set.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Instant,
};

use keyferry_core::{
    parallel,
    provider::{ProviderFile, ProviderSet},
};
use serde::Serialize;

use crate::error::LoadError;

/// What to load, and how often.
#[derive(Debug, clap::Args)]
pub(crate) struct Plan {
    /// The folder
    folder: PathBuf,
    /// How often
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..=200))]
    loads: u16,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub(crate) struct Figures {
    files: usize,
    bytes: usize,
    millis: Vec<f64>,
}

/// Loads the folder as often as the plan says, after once for the system's file cache.
pub(crate) fn run(plan: &Plan) -> Result<Figures, LoadError> {
    let set = load(&plan.folder)?;
    let bytes = set.iter().map(|file| file.source.len()).sum();
    let mut millis = Vec::new();
    for _ in 0..plan.loads {
        let started = Instant::now();
        let set = load(&plan.folder)?;
        millis.push(started.elapsed().as_secs_f64() * 1e3);
        drop(set);
    }
    Ok(Figures { files: set.iter().count(), bytes, millis })
}

fn load(folder: &Path) -> Result<ProviderSet, LoadError> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, io::Error>>()?;
    paths.sort();
    let mut set = ProviderSet::default();
    for file in parallel::map(&paths, |path| read(path)) {
        set.insert(file?);
    }
    Ok(set)
}

fn read(path: &Path) -> Result<ProviderFile, LoadError> {
    let shown = path.display().to_string();
    let name = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let name = name.parse().map_err(|_| LoadError::Provider(shown.clone()))?;
    let checked = ProviderFile::parse(name, &shown, &fs::read_to_string(path)?);
    Ok(checked.map_err(|findings| LoadError::Provider(findings.to_string()))?.file)
}
