//! The files of the table: those that must be there, and those that must not.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use ring::digest::{Context as Digest, SHA256};
use serde::Deserialize;
use serde::de::IgnoredAny;
use stele_ledger::hash::Hash;

use super::Context;
use super::commits::{COMMIT_BYTES_MAX, Commits, LiveFile, commit_file, decoded};
use super::finding::{Finding, Kind};
use super::place::{Held, Listing};

/// A file of the table that is there.
#[derive(Debug)]
pub(super) struct Present {
    /// Its name from the folder.
    pub(super) name: String,
    pub(super) live: LiveFile,
}

/// What came of the listing.
#[derive(Debug, Default)]
pub(super) struct Listed {
    pub(super) present: Vec<Present>,
    /// The batches of files that are not there.
    pub(super) absent: Vec<Option<(i64, i64)>>,
    /// What may only look wrong because a server writes meanwhile.
    pub(super) doubtful: BTreeSet<String>,
}

/// An intent lists the paths of one commit.
const INTENT_BYTES_MAX: u64 = 16 << 20;

#[derive(Debug, Default, Deserialize)]
struct Intent {
    #[serde(default)]
    add: Vec<String>,
    #[serde(default)]
    remove: Vec<String>,
}

impl Intent {
    /// Whether its commit is on record. It stays as long as the files lie there that the commit
    /// replaced, and excuses nothing any more: else somebody could undo by it what is recorded.
    fn is_done(&self, commits: &Commits) -> bool {
        let was = |path: &String| commits.live.contains_key(path) || commits.removed.contains(path);
        let is_gone = |path: &String| commits.removed.contains(path);
        if !self.add.is_empty() {
            return self.add.iter().any(was);
        }
        !self.remove.is_empty() && self.remove.iter().all(is_gone)
    }
}

/// Among announced paths: a commit without any. Where all that came was known already, one only
/// says how far the table is.
const NO_PATH: &str = "";

/// The paths that announced commits are about, as far as these are not on record yet.
fn announced(ctx: &Context<'_>, commits: &Commits) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for name in ctx.place.list(ctx, &ctx.place.intents()).files.into_keys() {
        let name = format!("{}{name}", ctx.place.intents());
        let bytes = ctx.place.read(&name, INTENT_BYTES_MAX).ok().flatten().unwrap_or_default();
        // One that cannot be read excuses nothing.
        let Ok(intent) = serde_json::from_slice::<Intent>(&bytes) else { continue };
        if intent.is_done(commits) {
            continue;
        }
        if intent.add.is_empty() && intent.remove.is_empty() {
            paths.insert(NO_PATH.to_owned());
        }
        paths.extend(intent.add.into_iter().chain(intent.remove));
    }
    paths
}

/// The file in which the writer says that nobody signs.
const UNSIGNED: &str = "unsigned";
const UNSIGNED_BYTES_MAX: u64 = 4 << 10;

/// The files that commits add which could not come on record, where the writer says that its signer
/// is away. Nobody has signed that; so it makes the verdict `incomplete`, and excuses only what was
/// added: what is gone is gone.
fn unsigned(ctx: &Context<'_>, commits: &Commits) -> BTreeSet<String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Mark {
        since: i64,
        reason: String,
    }
    let name = ctx.place.ledger(UNSIGNED);
    let mut paths = BTreeSet::new();
    let Ok(Some(bytes)) = ctx.place.read(&name, UNSIGNED_BYTES_MAX) else { return paths };
    let mark: Mark = serde_json::from_slice(&bytes).unwrap_or_default();
    let detail = format!("since {}: {}", super::report::shown(mark.since), mark.reason);
    ctx.findings.find(Finding::new(Kind::SignerAway).object(&name).detail(detail));
    for version in commits.next_version.. {
        let name = ctx.place.table(&commit_file(version));
        let Ok(Some(bytes)) = ctx.place.read(&name, COMMIT_BYTES_MAX) else { return paths };
        paths.insert(commit_file(version));
        let changed = changes(&bytes).unwrap_or_default();
        paths.extend(changed.iter().map(|path| decoded(path)));
        paths.extend(changed);
    }
    paths
}

/// Looks what lies in the table's folder.
pub(super) fn list(ctx: &Context<'_>, commits: &Commits) -> Listed {
    let mut announced = announced(ctx, commits);
    announced.extend(unsigned(ctx, commits));
    let Listing { files: mut there, is_whole } = ctx.place.list(ctx, &ctx.place.table(""));
    // What was announced between the two listings.
    announced.extend(self::announced(ctx, commits));
    let mut listed = Listed::default();
    for (path, live) in &commits.live {
        let found = there.remove(path).map(|bytes| (path.clone(), bytes)).or_else(|| {
            let path = decoded(path);
            there.remove(&path).map(|bytes| (path, bytes))
        });
        let live = live.clone();
        let Some((path, bytes)) = found else {
            listed.absent.push(live.stated.and_then(|stated| stated.batches));
            // That nothing could be listed has been said, and it may be there.
            if !is_whole {
                continue;
            }
            let name = ctx.place.table(path);
            let known = ctx.doubtful.is_none_or(|doubtful| doubtful.contains(&name));
            let kind = if known { Kind::FileMissing } else { Kind::FileChanging };
            ctx.findings.find(Finding::new(kind).object(&name));
            listed.doubtful.insert(name);
            continue;
        };
        let name = ctx.place.table(&path);
        if bytes != live.file.bytes {
            let detail = format!("{bytes} bytes, it was to have {}", live.file.bytes);
            ctx.findings.find(Finding::new(Kind::FileSize).object(name).detail(detail));
            listed.absent.push(live.stated.and_then(|stated| stated.batches));
            continue;
        }
        listed.present.push(Present { name, live });
    }
    others(ctx, commits, &there, &announced, &mut listed);
    listed.present.sort_by_key(|file| {
        let batches = file.live.stated.as_ref().and_then(|stated| stated.batches);
        (batches, file.name.clone())
    });
    listed
}

/// What is there beside the files of the table.
fn others(
    ctx: &Context<'_>,
    commits: &Commits,
    there: &BTreeMap<String, u64>,
    announced: &BTreeSet<String>,
    listed: &mut Listed,
) {
    let is_logged = |path: &str| {
        let digits = path.strip_prefix("_delta_log/").and_then(|file| file.strip_suffix(".json"));
        let version = digits.and_then(|digits| digits.parse::<u64>().ok());
        version.is_some_and(|v| v < commits.next_version && commit_file(v) == path)
    };
    let removed: BTreeSet<String> = commits.removed.iter().map(|path| decoded(path)).collect();
    let (mut replaced, mut derived) = (Vec::new(), Vec::new());
    for path in there.keys() {
        let name = ctx.place.table(path);
        if is_logged(path) || is_unfinished(path, commits, announced) {
            continue;
        }
        if let Some(file) = path.strip_prefix("_delta_log/") {
            let is_commit = file.strip_suffix(".json").is_some_and(|digits| digits.len() == 20);
            if is_commit {
                let pending = announced.contains(path) || is_announced(ctx, &name, announced);
                let known = ctx.doubtful.is_none_or(|doubtful| doubtful.contains(&name));
                let kind = match (pending, known) {
                    (true, _) => Kind::CommitPending,
                    (false, true) => Kind::CommitUnlogged,
                    (false, false) => Kind::FileChanging,
                };
                ctx.findings.find(Finding::new(kind).object(&name));
                listed.doubtful.insert(name);
            } else if is_derived(file) {
                derived.push(name);
            } else {
                ctx.findings.find(Finding::new(Kind::FileUnlogged).object(name));
            }
        } else if removed.contains(path) {
            replaced.push(name);
        } else if !announced.contains(path) {
            let known = ctx.doubtful.is_none_or(|doubtful| doubtful.contains(&name));
            let kind = if known { Kind::FileUnlogged } else { Kind::FileChanging };
            ctx.findings.find(Finding::new(kind).object(&name));
            listed.doubtful.insert(name);
        }
    }
    for (kind, names) in [(Kind::FileReplaced, replaced), (Kind::DeltaDerived, derived)] {
        if let Some(first) = names.first() {
            let detail = format!("{} of them", names.len());
            ctx.findings.find(Finding::new(kind).object(first).detail(detail));
        }
    }
}

/// Whether it is what a process left that ended while it wrote a file that was announced, or a
/// commit that is not on record: no reader of the table takes such a name for a file of it. The
/// next start removes it.
fn is_unfinished(path: &str, commits: &Commits, announced: &BTreeSet<String>) -> bool {
    let Some((whole, digits)) = path.rsplit_once('#') else { return false };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let version = whole.strip_prefix("_delta_log/").and_then(|file| file.strip_suffix(".json"));
    let is_next = version
        .and_then(|digits| digits.parse::<u64>().ok())
        .is_some_and(|version| version >= commits.next_version && commit_file(version) == whole);
    is_next || announced.contains(whole)
}

/// Whether a commit only does what was announced. Such a commit may be a moment old.
fn is_announced(ctx: &Context<'_>, name: &str, announced: &BTreeSet<String>) -> bool {
    let bytes = ctx.place.read(name, COMMIT_BYTES_MAX).ok().flatten().unwrap_or_default();
    let is_known = |path: &String| announced.contains(path) || announced.contains(&decoded(path));
    changes(&bytes).is_some_and(|paths| match &paths[..] {
        [] => announced.contains(NO_PATH),
        paths => paths.iter().all(is_known),
    })
}

/// The paths that a commit adds and removes; nothing where it cannot be read, or does more, such as
/// to change the columns.
fn changes(commit: &[u8]) -> Option<Vec<String>> {
    #[derive(Deserialize)]
    struct Path {
        path: String,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        add: Option<Path>,
        remove: Option<Path>,
        #[serde(rename = "commitInfo")]
        _info: Option<IgnoredAny>,
        #[serde(rename = "txn")]
        _transaction: Option<IgnoredAny>,
    }
    if commit.is_empty() {
        return None;
    }
    let mut paths = Vec::new();
    for line in commit.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Line = serde_json::from_slice(line).ok()?;
        paths.extend(line.add.into_iter().chain(line.remove).map(|path| path.path));
    }
    Some(paths)
}

/// Whether readers of the table make this file out of the commits (Delta protocol, "Checkpoints").
fn is_derived(file: &str) -> bool {
    let digits = file.bytes().take_while(u8::is_ascii_digit).count();
    let rest = &file[digits..];
    file == "_last_checkpoint"
        || (digits == 20 && (rest == ".crc" || rest.starts_with(".checkpoint")))
}

/// Reads a whole file and compares its hash; gives it where it is the recorded one.
pub(super) fn hash(ctx: &Context<'_>, file: &Present) -> Option<Held> {
    let find = |kind: Kind, detail: String| {
        ctx.findings.find(Finding::new(kind).object(&file.name).detail(detail));
    };
    match hash_of(ctx, file) {
        Ok((hash, held)) if hash == file.live.file.sha256 => Some(held),
        Ok((hash, _)) => {
            let recorded = file.live.file.sha256;
            find(Kind::FileHash, format!("its SHA-256 is {hash}, {recorded} was recorded"));
            None
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let known = ctx.doubtful.is_none_or(|doubtful| doubtful.contains(&file.name));
            let kind = if known { Kind::FileMissing } else { Kind::FileChanging };
            find(kind, "it was there when the folder was listed".to_owned());
            None
        }
        Err(error) => {
            find(Kind::Unreadable, error.to_string());
            None
        }
    }
}

fn hash_of(ctx: &Context<'_>, file: &Present) -> io::Result<(Hash, Held)> {
    let held = ctx.place.hold(&file.name)?;
    let mut reader = held.open()?;
    let mut digest = Digest::new(&SHA256);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
        ctx.advance(count as u64);
    }
    let hash = Hash::from_bytes(digest.finish().as_ref());
    hash.map(|hash| (hash, held)).ok_or_else(|| io::Error::other("no hash"))
}
