//! An object store in memory that fails when it is told to and loses what a power cut would; for
//! tests.
//!
//! Every operation is a step and has a number. A [`Plan`] says what goes wrong at which step, so
//! that a test can go through all of them: [`FaultStore::trace`] says how many there are. Most
//! faults are of services that keep what they have acknowledged. [`FaultStore::unsynced`] is a disk
//! that does not, until it is synced.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt, TryFutureExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta,
    ObjectStore, ObjectStoreExt, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult,
    RenameOptions, Result,
};
use stele_event::runtime::SeededEntropy;

use super::Lake;

/// What goes wrong at a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails and nothing has changed.
    Before,
    /// It is done, but the answer is lost.
    After,
    /// The disk is full: a put leaves nothing behind and fails.
    Full,
    /// The machine stops; this step was not done.
    StopBefore,
    /// The machine stops; this step was done.
    StopAfter,
    /// The machine stops in the middle of writing a file of rows: half of it is there. Everything
    /// else is small, and its writer makes it whole or not at all.
    StopTorn,
    /// Another writer has just put a commit of its own in the place of this one.
    Rival,
    /// It takes so long.
    Slow(Duration),
}

/// What goes wrong, and when.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Plan {
    /// Nothing.
    #[default]
    Sound,
    /// One fault, at a step counted from 0.
    At(u32, Fault),
    /// One step of so many fails, before or after it is done; which, the seed says.
    Often(u64, u64),
}

/// The store; see the module. Clones share everything.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultStore {
    objects: Arc<InMemory>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    plan: Plan,
    steps: u32,
    hit: Option<(u32, String)>,
    trace: Vec<String>,
    stopped: bool,
    paused: bool,
    running: u32,
    random: Option<SeededEntropy>,
    /// What was under each name before it was last written and not yet synced; `None` on a store
    /// that keeps what it acknowledges.
    unsynced: Option<BTreeMap<Path, Option<Bytes>>>,
}

impl FaultStore {
    /// A store that lost nothing so far and keeps what it acknowledges.
    pub(crate) fn over(objects: InMemory) -> Self {
        Self { objects: Arc::new(objects), state: Arc::default() }
    }

    /// A disk that keeps nothing before [`FaultStore::sync`], as one that is never synced.
    pub(crate) fn unsynced() -> Self {
        let store = Self::default();
        store.state().unsynced = Some(BTreeMap::new());
        store
    }

    /// A lake in this store.
    pub(crate) fn lake(&self) -> Lake {
        let lake = Lake::open("memory://").unwrap();
        lake.with_store(|_| Arc::new(self.clone()))
    }

    /// A copy of the objects.
    pub(crate) fn fork(&self) -> InMemory {
        self.objects.fork()
    }

    /// Sets what goes wrong from now on, and counts steps from 0 again.
    pub(crate) fn set(&self, plan: Plan) {
        let mut state = self.state();
        state.plan = plan;
        state.steps = 0;
        state.hit = None;
        state.trace.clear();
        state.stopped = false;
        state.random = match plan {
            Plan::Often(seed, _) => Some(SeededEntropy::new(seed)),
            _ => None,
        };
    }

    /// Lets through what is done next, or no longer: it is neither counted nor fails.
    pub(crate) fn pause(&self, paused: bool) {
        self.state().paused = paused;
    }

    /// Starts a stopped machine again; nothing goes wrong from now on.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.plan = Plan::Sound;
        state.stopped = false;
    }

    /// The step that failed last and what it was, if it came to that.
    pub(crate) fn hit(&self) -> Option<(u32, String)> {
        self.state().hit.clone()
    }

    /// What was done since the plan was set, step by step.
    pub(crate) fn trace(&self) -> Vec<String> {
        self.state().trace.clone()
    }

    /// How many steps are under way.
    pub(crate) fn running(&self) -> u32 {
        self.state().running
    }

    /// Makes everything durable that was written so far.
    pub(crate) fn sync(&self) {
        if let Some(unsynced) = &mut self.state().unsynced {
            unsynced.clear();
        }
    }

    /// Cuts the power: what was not synced is as before, torn or kept, as the seed says.
    pub(crate) async fn power_cut(&self, seed: u64) {
        let random = SeededEntropy::new(seed);
        let unsynced = self.state().unsynced.as_mut().map(std::mem::take);
        for (path, before) in unsynced.into_iter().flatten() {
            let now = self.content(&path).await;
            let after = match (random.next() % 3, now) {
                (0, _) => before,
                (1, Some(now)) => Some(now.slice(..now.len() / 2)),
                (_, now) => now,
            };
            match after {
                Some(bytes) => drop(self.objects.put(&path, bytes.into()).await),
                None => drop(self.objects.delete(&path).await),
            }
        }
        self.heal();
    }

    /// The names of all objects below a prefix, sorted.
    pub(crate) async fn names(&self, prefix: &str) -> Vec<String> {
        let list = self.objects.list(Some(&Path::from(prefix)));
        let mut names: Vec<String> =
            list.map_ok(|object| object.location.to_string()).try_collect().await.unwrap();
        names.sort_unstable();
        names
    }

    async fn content(&self, path: &Path) -> Option<Bytes> {
        self.objects.get(path).await.ok()?.bytes().await.ok()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a step and says what goes wrong with it.
    fn step(&self, name: &str, place: Place) -> Result<Option<Fault>> {
        let mut state = self.state();
        if state.paused {
            return Ok(None);
        }
        if state.stopped {
            return Err(failure("the machine has stopped"));
        }
        let step = state.steps;
        state.steps += 1;
        state.trace.push(name.to_owned());
        match &mut state.plan {
            // It waits for the next place where it can be.
            Plan::At(at, Fault::StopTorn) if place != Place::PutRows && *at == step => *at += 1,
            Plan::At(at, Fault::Rival) if place != Place::PutOnce && *at == step => *at += 1,
            _ => {}
        }
        let fault = match state.plan {
            Plan::At(at, fault) if at == step => Some(fault),
            Plan::Often(_, one_of) => {
                let next = || state.random.as_ref().map_or(1, SeededEntropy::next);
                let (fails, after) = (next().is_multiple_of(one_of), next().is_multiple_of(2));
                fails.then_some(if after { Fault::After } else { Fault::Before })
            }
            _ => None,
        };
        if fault.is_some() {
            state.hit = Some((step, name.to_owned()));
        }
        state.stopped |=
            matches!(fault, Some(Fault::StopBefore | Fault::StopAfter | Fault::StopTorn));
        Ok(fault)
    }

    /// Does a step as the plan says.
    async fn run<T>(&self, name: String, act: impl Future<Output = Result<T>>) -> Result<T> {
        let fault = self.step(&name, Place::Other)?;
        self.suffer(fault, act).await
    }

    /// Does what is to be done, as a fault lets it.
    async fn suffer<T>(
        &self,
        fault: Option<Fault>,
        act: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match fault {
            None => act.await,
            Some(Fault::Slow(pause)) => {
                let _running = Running::begin(self);
                tokio::time::sleep(pause).await;
                act.await
            }
            Some(Fault::After | Fault::StopAfter) => {
                act.await?;
                Err(failure("the answer was lost"))
            }
            Some(Fault::Full) => {
                Err(failure(&io::Error::from(io::ErrorKind::StorageFull).to_string()))
            }
            Some(Fault::Before | Fault::StopBefore | Fault::StopTorn | Fault::Rival) => {
                Err(failure("it was told to fail"))
            }
        }
    }

    /// Remembers what a name holds that is about to be changed.
    async fn changes(&self, path: &Path) {
        let before = self.content(path).await;
        if let Some(unsynced) = &mut self.state().unsynced {
            unsynced.entry(path.clone()).or_insert(before);
        }
    }
}

fn failure(message: &str) -> Error {
    Error::Generic { store: "faulty", source: message.into() }
}

/// What a step does, as far as faults are choosy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// It writes a file of rows.
    PutRows,
    /// It writes what must not be there yet.
    PutOnce,
    Other,
}

/// Counts a step while it is under way, also where it is dropped.
struct Running<'a>(&'a FaultStore);

impl<'a> Running<'a> {
    fn begin(store: &'a FaultStore) -> Self {
        store.state().running += 1;
        Self(store)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.state().running -= 1;
    }
}

impl fmt::Display for FaultStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FaultStore")
    }
}

/// A commit of another writer that changes nothing.
const RIVAL_COMMIT: &[u8] = b"{\"commitInfo\":{\"timestamp\":0,\"operation\":\"rival\"}}\n";

#[async_trait]
impl ObjectStore for FaultStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        opts: PutOptions,
    ) -> Result<PutResult> {
        // Two of the faults only make sense at some of the puts.
        let rows = location.extension() == Some("parquet");
        let place = if rows { Place::PutRows } else { Place::PutOnce };
        let place = if rows || opts.mode == PutMode::Create { place } else { Place::Other };
        let name = format!("put {location}");
        match self.step(&name, place)? {
            Some(Fault::StopTorn) => {
                let whole = Bytes::from(payload);
                self.objects.put(location, whole.slice(..whole.len() / 2).into()).await?;
                return Err(failure("it was told to fail"));
            }
            Some(Fault::Rival) => {
                self.objects.put(location, Bytes::from_static(RIVAL_COMMIT).into()).await?;
                return self.objects.put_opts(location, payload, opts).await;
            }
            fault => {
                let act = async {
                    self.changes(location).await;
                    self.objects.put_opts(location, payload, opts).await
                };
                self.suffer(fault, act).await
            }
        }
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        opts: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let act = async {
            self.changes(location).await;
            self.objects.put_multipart_opts(location, opts).await
        };
        self.run(format!("put {location} in parts"), act).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.run(format!("get {location}"), self.objects.get_opts(location, options)).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.run(format!("get {location}"), self.objects.get_ranges(location, ranges)).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, Result<Path>>,
    ) -> BoxStream<'static, Result<Path>> {
        let store = self.clone();
        let delete = move |location: Result<Path>| {
            let store = store.clone();
            async move {
                let location = location?;
                let act = async {
                    store.changes(&location).await;
                    // The store in memory finds nothing wrong with deleting what is not there.
                    store.objects.head(&location).await?;
                    store.objects.delete(&location).await
                };
                store.run(format!("delete {location}"), act).await?;
                Ok(location)
            }
        };
        locations.then(delete).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix.cloned(), None)
    }

    fn list_with_offset(
        &self,
        prefix: Option<&Path>,
        offset: &Path,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        self.listed(prefix.cloned(), Some(offset.clone()))
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.run("list".to_owned(), self.objects.list_with_delimiter(prefix)).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let act = async {
            self.changes(to).await;
            self.objects.copy_opts(from, to, options).await
        };
        self.run(format!("copy {from} to {to}"), act).await
    }

    async fn rename_opts(&self, from: &Path, to: &Path, options: RenameOptions) -> Result<()> {
        let act = async {
            self.changes(from).await;
            self.changes(to).await;
            self.objects.rename_opts(from, to, options).await
        };
        self.run(format!("rename {from} to {to}"), act).await
    }
}

impl FaultStore {
    fn listed(
        &self,
        prefix: Option<Path>,
        offset: Option<Path>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let store = self.clone();
        let first = async move {
            let name = format!("list {}", prefix.as_ref().map_or("", Path::as_ref));
            let entries = match &offset {
                Some(offset) => store.objects.list_with_offset(prefix.as_ref(), offset),
                None => store.objects.list(prefix.as_ref()),
            };
            store.run(name, entries.try_collect::<Vec<_>>()).await
        };
        let entries = first.map_ok(|entries| futures::stream::iter(entries).map(Ok));
        entries.try_flatten_stream().boxed()
    }
}
