//! A data folder in a bucket of S3, file by file: what the verifier asks for is fetched to a
//! temporary folder, and what it said that it will ask for comes meanwhile, several at once.
//!
//! Only what was expected is ever older than the question for it, and what was listed is no more
//! than a list: a file that went since then is not there, as in a folder at work.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use async_trait::async_trait;
use stele_aws::client::{HttpAws, Limits, default_region};
use stele_aws::variables::Variables;
use stele_intake::system::{SystemClock, SystemEntropy};
use stele_store::bucket::{Bucket, Key, Keys};
use stele_verify::lake::{Ahead, Place, Remote};
use stele_verify::room::Room;
use tempfile::{NamedTempFile, TempDir, TempPath};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, JoinHandle};

/// Requests for files at once.
const IN_FLIGHT_MAX: usize = 32;
/// Of files that may be large so many lie here unread.
const AHEAD_MAX: usize = 8;
/// Requests for credentials at once, and the time in which they may be asked for: as long as the
/// process lives.
const LIMITS: Limits = Limits { concurrency: 4, timeout_seconds: u64::MAX };
/// How far it is is said for lists of at least so many files, in so many steps.
const TOLD_FILES_MIN: usize = 200;
const TOLD_STEPS: usize = 10;

/// Is told how far it is.
pub(super) type Told = Arc<dyn Fn(&str) + Send + Sync>;

/// Whether a place is named by a URL of S3.
pub(super) fn is_url(place: &Path) -> bool {
    place.to_str().is_some_and(|text| text.starts_with("s3://"))
}

/// Opens the data folder at a URL, `s3://bucket/prefix`. To be called where the runtime may be
/// waited for.
pub(super) fn open(url: &Path, told: Told) -> anyhow::Result<Place> {
    let url = url.to_str().unwrap_or_default();
    let rest = url.strip_prefix("s3://").unwrap_or_default();
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    anyhow::ensure!(!bucket.is_empty(), "`{url}` names no bucket; write `s3://BUCKET/PREFIX`");
    let mut prefix = prefix.trim_matches('/').to_owned();
    if !prefix.is_empty() {
        prefix.push('/');
    }
    let variables = Variables::of_process();
    let region = default_region(&variables, None);
    let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
    let aws = HttpAws::new(clock, entropy, variables, None, LIMITS).map_err(anyhow::Error::msg)?;
    let opened = Bucket::open(bucket, &region, Arc::new(Chain(aws)));
    let bucket = opened.with_context(|| format!("cannot open the bucket `{bucket}`"))?;
    let folder = tempfile::Builder::new()
        .prefix("stele-verify-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
        .context("cannot make a temporary folder")?;
    let remote = S3 {
        fetcher: Arc::new(Fetcher { bucket, room: Room::below(folder.path()), folder }),
        runtime: Handle::current(),
        expected: Arc::default(),
        in_flight: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
        ahead: Arc::new(Semaphore::new(AHEAD_MAX)),
        tasks: Mutex::default(),
        told,
    };
    Ok(Place::remote(Arc::new(remote), &prefix, url)?)
}

/// The usual chain of credentials.
#[derive(Debug)]
struct Chain(HttpAws);

#[async_trait]
impl Keys for Chain {
    async fn key(&self) -> Result<Key, String> {
        let found = self.0.credentials().await.map_err(|error| error.to_string())?;
        Ok(Key {
            access_key: found.access_key,
            secret: found.secret.reveal().to_owned(),
            token: found.token.map(|token| token.reveal().to_owned()),
        })
    }
}

/// Fetches files into a temporary folder, which goes with the last of them.
#[derive(Debug)]
struct Fetcher {
    bucket: Bucket,
    room: Room,
    folder: TempDir,
}

impl Fetcher {
    async fn fetch(&self, name: &str) -> io::Result<TempPath> {
        let (file, path) = NamedTempFile::new_in(self.folder.path())?.into_parts();
        let file = tokio::fs::File::from_std(file);
        self.bucket.fetch(name, file, |bytes| self.room.check(bytes)).await?;
        Ok(path)
    }
}

/// What was expected and not asked for yet.
#[derive(Debug)]
enum Expected {
    /// Nobody has begun.
    Waiting,
    /// It is here or on its way; the permit keeps others from coming until it is taken.
    Coming(JoinHandle<io::Result<TempPath>>, Option<OwnedSemaphorePermit>),
}

type AllExpected = Arc<Mutex<HashMap<String, Expected>>>;

struct S3 {
    fetcher: Arc<Fetcher>,
    runtime: Handle,
    expected: AllExpected,
    in_flight: Arc<Semaphore>,
    ahead: Arc<Semaphore>,
    /// What begins to fetch what is expected.
    tasks: Mutex<Vec<AbortHandle>>,
    told: Told,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("fetcher", &self.fetcher).finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Remote for S3 {
    fn folders(&self, folder: &str) -> io::Result<BTreeSet<String>> {
        let folders = self.runtime.block_on(self.fetcher.bucket.folders(folder))?;
        Ok(folders.into_iter().collect())
    }

    fn list(&self, folder: &str) -> io::Result<BTreeMap<String, u64>> {
        self.runtime.block_on(self.fetcher.bucket.list(folder))
    }

    fn fetch(&self, name: &str) -> io::Result<TempPath> {
        let expected = lock(&self.expected).remove(name);
        match expected {
            Some(Expected::Coming(task, _permit)) => {
                self.runtime.block_on(task).map_err(io::Error::other)?
            }
            Some(Expected::Waiting) | None => self.runtime.block_on(self.fetcher.fetch(name)),
        }
    }

    fn expect(&self, names: Vec<String>, ahead: Ahead) {
        lock(&self.expected).extend(names.iter().map(|name| (name.clone(), Expected::Waiting)));
        let begin = Begin {
            fetcher: self.fetcher.clone(),
            expected: self.expected.clone(),
            in_flight: self.in_flight.clone(),
            ahead: (ahead == Ahead::Few).then(|| self.ahead.clone()),
            told: (names.len() >= TOLD_FILES_MIN && ahead == Ahead::All).then(|| self.told.clone()),
        };
        let task = self.runtime.spawn(begin.all(names));
        lock(&self.tasks).push(task.abort_handle());
    }

    fn forget(&self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
        lock(&self.expected).clear();
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.forget();
    }
}

/// Begins to fetch files, in their order.
struct Begin {
    fetcher: Arc<Fetcher>,
    expected: AllExpected,
    in_flight: Arc<Semaphore>,
    ahead: Option<Arc<Semaphore>>,
    told: Option<Told>,
}

impl Begin {
    async fn all(self, names: Vec<String>) {
        let (done, count) = (Arc::new(AtomicUsize::new(0)), names.len());
        for name in names {
            // Semaphores are never closed.
            let ahead = match &self.ahead {
                Some(ahead) => ahead.clone().acquire_owned().await.ok(),
                None => None,
            };
            let Ok(permit) = self.in_flight.clone().acquire_owned().await else { return };
            let mut expected = lock(&self.expected);
            // Whoever did not want to wait for it has fetched it.
            let Some(waiting @ Expected::Waiting) = expected.get_mut(&name) else { continue };
            let (fetcher, done, told) = (self.fetcher.clone(), done.clone(), self.told.clone());
            let task = tokio::spawn(async move {
                let fetched = fetcher.fetch(&name).await;
                drop(permit);
                let done = done.fetch_add(1, Relaxed) + 1;
                if let Some(told) = told
                    && done.is_multiple_of((count / TOLD_STEPS).max(1))
                {
                    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
                    told(&format!("fetched: {done} of {count} files, now below `{folder}`"));
                }
                fetched
            });
            *waiting = Expected::Coming(task, ahead);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_s3_are_told_from_paths() {
        for (place, wanted) in [
            ("s3://bucket/prefix", true),
            ("s3://bucket", true),
            ("s3:/bucket", false),
            ("./s3://bucket", false),
            ("data", false),
        ] {
            assert_eq!(is_url(Path::new(place)), wanted, "{place}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_url_needs_a_bucket() {
        for url in ["s3://", "s3:///prefix"] {
            let error = open(Path::new(url), Arc::new(|_| ())).unwrap_err().to_string();
            assert!(error.contains("names no bucket"), "{error}");
        }
    }
}
