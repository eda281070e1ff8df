//! Fetching a list of manifests: the one HTTP client for it. Follows nothing, sends nothing of the person's, and takes in only so much.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use keyferry_core::{
    catalog_index::{CatalogIndex, LONGEST_INDEX, Listed},
    manifest::LONGEST_MANIFEST,
    url::{Endpoint, is_loopback},
};
use reqwest::{
    Client, StatusCode,
    header::{ETAG, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED},
    redirect,
};
use sha2::{Digest as _, Sha256};
use tokio::{sync::Semaphore, task::JoinSet, time::timeout};
use url::Url;

use super::{FetchError, Stored, StoredManifest, Validators, store::StoredFile};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long one answer may take, whole.
const ANSWER: Duration = Duration::from_secs(30);

/// How long all of a list may take.
const TOTAL: Duration = Duration::from_secs(120);

/// Files that are fetched at once.
const AT_ONCE: usize = 6;

/// All manifests of one list together, in bytes.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// The longest validator that is kept.
const LONGEST_VALIDATOR: usize = 256;

/// Fetches lists.
#[derive(Debug, Clone)]
pub(crate) struct Fetcher {
    /// For the world; the environment may name an HTTP proxy.
    world: Client,
    /// For this machine, through no proxy.
    local: Client,
}

/// What was answered.
enum Answer {
    /// It is as it was.
    Same,
    New(String, Validators),
}

/// What an index names, as it is now.
struct Named {
    validators: Validators,
    inline: Vec<StoredManifest>,
    files: Vec<StoredFile>,
    problems: Vec<String>,
}

// === impl Fetcher ===

impl Fetcher {
    /// # Errors
    /// [`reqwest::Error`] when the platform's root certificates can't be had.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let builder = || {
            let builder = Client::builder().redirect(redirect::Policy::none()).referer(false);
            let builder = builder.connect_timeout(CONNECT).timeout(ANSWER);
            builder.user_agent(concat!("keyferry-app/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self { world: builder().build()?, local: builder().no_proxy().build()? })
    }

    /// Fetches a list. What has not changed since `before` is not sent again. A file that can't be had stays as it was, and is told of;
    /// it costs no other.
    pub(crate) async fn fetch(
        &self,
        url: &Endpoint,
        before: Option<&Stored>,
        now: Timestamp,
    ) -> Result<Stored, FetchError> {
        timeout(TOTAL, self.all(url, before, now)).await.map_err(|_| FetchError::Unreachable)?
    }

    async fn all(
        &self,
        url: &Endpoint,
        before: Option<&Stored>,
        now: Timestamp,
    ) -> Result<Stored, FetchError> {
        let named = self.index(url.url(), before).await?;
        let Named { validators, inline, files, problems: index_problems } = named;
        let (mut manifests, mut problems) = (inline, index_problems.clone());
        let (places, mut fetches) = (Arc::new(Semaphore::new(AT_ONCE)), JoinSet::new());
        for file in files.clone() {
            let (fetcher, places, base) = (self.clone(), Arc::clone(&places), url.url().clone());
            let known = before.and_then(|before| before.file(&file.path)).cloned();
            fetches.spawn(async move {
                let _place = places.acquire_owned().await;
                let outcome = fetcher.file(&base, &file, known.as_ref()).await;
                (file, known, outcome)
            });
        }
        let mut bytes: usize = manifests.iter().map(|manifest| manifest.text.len()).sum();
        while let Some(done) = fetches.join_next().await {
            let Ok((file, known, outcome)) = done else { continue };
            let kept = match outcome {
                Ok(manifest) => Some(manifest),
                Err(error) => {
                    problems.push(format!("{}: {error}", file.path));
                    known.map(|known| StoredManifest { number: file.number, ..known })
                }
            };
            bytes += kept.as_ref().map_or(0, |manifest| manifest.text.len());
            if bytes > MOST_BYTES {
                return Err(FetchError::TooMuch(MOST_BYTES));
            }
            manifests.extend(kept);
        }
        manifests.sort_by_key(|manifest| manifest.number);
        problems.sort();
        Ok(Stored {
            url: url.to_string(),
            checked_at: now,
            validators,
            manifests,
            problems,
            index_problems,
            files,
        })
    }

    async fn index(&self, url: &Url, before: Option<&Stored>) -> Result<Named, FetchError> {
        match (self.get(url, before.map(|before| &before.validators), LONGEST_INDEX).await?, before) {
            (Answer::New(text, validators), _) => named(&text, validators),
            (Answer::Same, Some(before)) => Ok(Named {
                validators: before.validators.clone(),
                inline: before.manifests.iter().filter(|one| one.validators.is_none()).cloned().collect(),
                files: before.files.clone(),
                problems: before.index_problems.clone(),
            }),
            // Nobody asked whether it is as it was.
            (Answer::Same, None) => Err(FetchError::Status(StatusCode::NOT_MODIFIED.as_u16())),
        }
    }

    /// One file. The URL is the index's own with another path below its folder: nothing an index says leads elsewhere.
    async fn file(
        &self,
        base: &Url,
        file: &StoredFile,
        known: Option<&StoredManifest>,
    ) -> Result<StoredManifest, FetchError> {
        let is_meant =
            |text: &str| file.sha256.as_ref().is_none_or(|wanted| *wanted == digest(text.as_bytes()));
        let known = known.filter(|known| is_meant(&known.text));
        let kept = |text: String, validators| StoredManifest {
            label: file.path.clone(),
            number: file.number,
            text,
            validators: Some(validators),
        };
        // With its digest a file is what it was as long as the index says so.
        if let Some(known) = known.filter(|_| file.sha256.is_some()) {
            return Ok(kept(known.text.clone(), known.validators.clone().unwrap_or_default()));
        }
        let url = base.join(&file.path).map_err(|_| FetchError::Unreachable)?;
        let validators = known.and_then(|known| known.validators.as_ref());
        match (self.get(&url, validators, LONGEST_MANIFEST).await?, known) {
            (Answer::New(text, _), _) if !is_meant(&text) => Err(FetchError::Digest),
            (Answer::New(text, validators), _) => Ok(kept(text, validators)),
            (Answer::Same, Some(known)) => {
                Ok(kept(known.text.clone(), known.validators.clone().unwrap_or_default()))
            }
            (Answer::Same, None) => Err(FetchError::Status(StatusCode::NOT_MODIFIED.as_u16())),
        }
    }

    async fn get(&self, url: &Url, known: Option<&Validators>, largest: usize) -> Result<Answer, FetchError> {
        let client = if is_loopback(url) { &self.local } else { &self.world };
        let mut request = client.get(url.clone());
        for (header, value) in known.into_iter().flat_map(Validators::headers) {
            request = request.header(header, value);
        }
        let mut response = request.send().await.map_err(|error| FetchError::from(&error))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_MODIFIED if known.is_some_and(|known| *known != Validators::default()) => {
                return Ok(Answer::Same);
            }
            status if status.is_redirection() => return Err(FetchError::Redirect(status.as_u16())),
            status => return Err(FetchError::Status(status.as_u16())),
        }
        let text = |name: HeaderName| {
            let text = response.headers().get(name)?.to_str().ok()?;
            (text.len() <= LONGEST_VALIDATOR).then(|| text.to_owned())
        };
        let validators = Validators { etag: text(ETAG), last_modified: text(LAST_MODIFIED) };
        let too_large = FetchError::TooLarge(largest);
        if response.content_length().is_some_and(|length| length > largest as u64) {
            return Err(too_large);
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| FetchError::from(&error))? {
            if body.len() + chunk.len() > largest {
                return Err(too_large);
            }
            body.extend_from_slice(&chunk);
        }
        let text = String::from_utf8(body).map_err(|_| FetchError::NotText)?;
        Ok(Answer::New(text, validators))
    }
}

fn named(text: &str, validators: Validators) -> Result<Named, FetchError> {
    let index = CatalogIndex::parse(text).map_err(FetchError::Index)?;
    let mut named = Named { validators, inline: Vec::new(), files: Vec::new(), problems: index.problems };
    for (number, listed) in index.listed {
        match listed {
            Listed::Inline(text) => named.inline.push(StoredManifest {
                label: format!("item {number}"),
                number,
                text: text.to_owned(),
                validators: None,
            }),
            Listed::File(file) => named.files.push(StoredFile {
                number,
                path: file.path.as_str().to_owned(),
                sha256: file.sha256.map(|digest| hexadecimal(&digest)),
            }),
        }
    }
    Ok(named)
}

fn digest(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

// === impl Validators ===

impl Validators {
    fn headers(&self) -> impl Iterator<Item = (HeaderName, &str)> {
        let etag = self.etag.as_deref().map(|etag| (IF_NONE_MATCH, etag));
        let date = self.last_modified.as_deref().map(|date| (IF_MODIFIED_SINCE, date));
        etag.into_iter().chain(date)
    }
}

// === impl Stored ===

impl Stored {
    /// A file as it was.
    fn file(&self, path: &str) -> Option<&StoredManifest> {
        self.manifests.iter().find(|manifest| manifest.validators.is_some() && manifest.label == path)
    }
}
