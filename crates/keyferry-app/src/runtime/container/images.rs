//! Images: those that servers name, the base image, and the empty one for our own program.

use std::time::Duration;

use bollard::{
    body_full,
    errors::Error,
    models::ImageInspect,
    query_parameters::{BuildImageOptionsBuilder, CreateImageOptionsBuilder},
};
use futures_util::{Stream, StreamExt as _};
use keyferry_core::manifest::Image;
use sha2::{Digest as _, Sha256};
use tokio::time::timeout;

use super::engine::{Engine, failed, is_missing, reason};
use crate::runtime::{RuntimeError, log::escaped};

/// How the base image is made: a `Containerfile`, which has nothing beside it.
const BASE_RECIPE: &str = include_str!("../../../container/Containerfile");
/// An image with nothing in it.
const EMPTY: &str = "localhost/keyferry-empty:1";
/// How long a pull or a build may take. A slow line needs minutes for some hundred megabytes.
const PREPARED_WITHIN: Duration = Duration::from_secs(20 * 60);
/// The longest line of progress, in characters.
const LONGEST_LINE: usize = 120;

/// The base image.
#[derive(Clone, Debug)]
pub enum BaseImage {
    /// Built by this recipe.
    Recipe(String),
    /// Fetched under this name.
    Named(String),
}

impl BaseImage {
    /// The one that the settings name, else Keyferry's own.
    #[must_use]
    pub fn of(named: Option<String>) -> Self {
        named.map_or_else(|| Self::Recipe(BASE_RECIPE.to_owned()), Self::Named)
    }
}

/// The image's name at the engine.
pub(super) fn name(image: &Image, base: &BaseImage) -> String {
    match (image, base) {
        (Image::Named(name), _) | (Image::Base, BaseImage::Named(name)) => name.clone(),
        (Image::Base, BaseImage::Recipe(recipe)) => built(recipe),
        (Image::ThisProgram, _) => EMPTY.to_owned(),
    }
}

/// Another recipe makes another image, so that a new version of Keyferry does not go on with an old one.
fn built(recipe: &str) -> String {
    let digest = Sha256::digest(recipe);
    let short: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("localhost/keyferry-base:{short}")
}

/// The image, where the engine has it.
pub(super) async fn look(engine: &Engine, name: &str) -> Result<Option<ImageInspect>, RuntimeError> {
    match engine.docker.inspect_image(name).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed("look for an image", &error)),
    }
}

/// Has the image there, and tells how it goes. One that is there is taken as it is.
pub(super) async fn prepare(
    engine: &Engine,
    image: &Image,
    base: &BaseImage,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<(), RuntimeError> {
    let name = name(image, base);
    if look(engine, &name).await?.is_some() {
        return Ok(());
    }
    let prepared = async {
        match (image, base) {
            (Image::ThisProgram, _) => import(engine).await,
            (Image::Base, BaseImage::Recipe(recipe)) => build(engine, &name, recipe, tell).await,
            (Image::Named(_) | Image::Base, _) => pull(engine, &name, tell).await,
        }
    };
    let unavailable = |reason: String| RuntimeError::Image { image: name.clone(), reason };
    match timeout(PREPARED_WITHIN, prepared).await {
        Ok(Ok(())) => {}
        Ok(Err(why)) => return Err(unavailable(why)),
        Err(_) => return Err(unavailable("it took too long".to_owned())),
    }
    look(engine, &name).await?.map(drop).ok_or_else(|| unavailable("the engine does not have it".to_owned()))
}

async fn pull(engine: &Engine, name: &str, tell: &(dyn Fn(String) + Send + Sync)) -> Result<(), String> {
    // An engine takes a name without a tag as all of its tags.
    let last = name.rsplit('/').next().unwrap_or(name);
    let whole = if last.contains([':', '@']) { name.to_owned() } else { format!("{name}:latest") };
    let options = CreateImageOptionsBuilder::new().from_image(&whole).build();
    let steps = engine.docker.create_image(Some(options), None, None);
    follow(
        steps.map(|step| {
            let step = step?;
            let progress = step.progress_detail.and_then(|detail| Some((detail.current?, detail.total?)));
            let status = step.status.unwrap_or_default();
            let text = match progress {
                Some((done, total)) if total > 0 => format!("{status} {}", amount(done, total)),
                _ => status,
            };
            Ok((text, step.error_detail.and_then(|error| error.message)))
        }),
        &|text| tell(format!("Fetching the image {whole}: {text}")),
    )
    .await
}

async fn build(
    engine: &Engine,
    name: &str,
    recipe: &str,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<(), String> {
    let context = archive("Containerfile", recipe.as_bytes()).map_err(|error| error.to_string())?;
    let options = BuildImageOptionsBuilder::new().dockerfile("Containerfile").t(name).rm(true).build();
    let steps = engine.docker.build_image(options, None, Some(body_full(context.into())));
    follow(
        steps.map(|step| {
            let step = step?;
            let text = step.stream.or(step.status).unwrap_or_default();
            Ok((text, step.error_detail.and_then(|error| error.message)))
        }),
        &|text| tell(format!("Building the base image: {text}")),
    )
    .await
}

async fn import(engine: &Engine) -> Result<(), String> {
    let mut empty = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::Directory);
    header.set_size(0);
    header.set_mode(0o755);
    let body = empty
        .append_data(&mut header, "tmp/", std::io::empty())
        .and_then(|()| empty.into_inner())
        .map_err(|error| error.to_string())?;
    // With the tag in the name: Podman takes no other.
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(EMPTY).build();
    let steps = engine.docker.create_image(Some(options), Some(body_full(body.into())), None);
    follow(
        steps.map(|step| step.map(|step| (String::new(), step.error_detail.and_then(|one| one.message)))),
        &|_| {},
    )
    .await
}

/// Tells each step, and answers the first error.
async fn follow(
    steps: impl Stream<Item = Result<(String, Option<String>), Error>>,
    tell: &(dyn Fn(String) + Send + Sync),
) -> Result<(), String> {
    let mut steps = std::pin::pin!(steps);
    while let Some(step) = steps.next().await {
        let (text, error) = step.map_err(|error| reason(&error))?;
        if let Some(error) = error {
            return Err(reason(&Error::DockerStreamError { error }));
        }
        if let Some(line) = text.lines().rev().find(|line| !line.trim().is_empty()) {
            tell(escaped(line.trim()).chars().take(LONGEST_LINE).collect());
        }
    }
    Ok(())
}

fn amount(done: i64, total: i64) -> String {
    format!("{} %", done.saturating_mul(100) / total.max(1))
}

/// An archive with one file.
fn archive(name: &str, content: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(content.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, name, content)?;
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_has_one_name_and_the_settings_may_name_the_base() {
        let (own, named) = (BaseImage::of(None), BaseImage::of(Some("corp.example/base:2".to_owned())));
        assert_eq!(name(&Image::Named("a/b:1".into()), &named), "a/b:1");
        assert_eq!(name(&Image::Base, &named), "corp.example/base:2");
        assert!(name(&Image::Base, &own).starts_with("localhost/keyferry-base:"));
        assert_ne!(name(&Image::Base, &own), name(&Image::Base, &BaseImage::Recipe("FROM scratch".into())));
        assert_eq!(name(&Image::ThisProgram, &own), "localhost/keyferry-empty:1");
    }
}
