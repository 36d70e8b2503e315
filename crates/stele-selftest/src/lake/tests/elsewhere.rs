//! Folders that lie somewhere else: fetched file by file, or in a tar.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};

use stele_verify::lake::{
    Ahead, Depth, Kind, Options, Outcome, Place, Remote, Report, verify_place,
};
use tempfile::{NamedTempFile, TempPath};

use crate::lake::maker::Maker;
use crate::lake::standard::{sent, standard};

/// What is done once so many questions were asked.
type Meanwhile = Mutex<Option<(usize, Box<dyn FnOnce() + Send>)>>;

/// A folder as a bucket shows it. What is expected as a whole is fetched at once, and is as old as
/// can be; of what is large nothing is, and it is as new as can be.
struct Elsewhere {
    root: PathBuf,
    /// What all names begin with.
    prefix: &'static str,
    fetched: Mutex<BTreeMap<String, io::Result<TempPath>>>,
    /// Names that may not be read.
    refused: BTreeSet<String>,
    /// Folders that may not be listed.
    unlisted: BTreeSet<String>,
    asked: AtomicUsize,
    meanwhile: Meanwhile,
}

impl std::fmt::Debug for Elsewhere {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Elsewhere").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Elsewhere {
    fn new(maker: &Maker, prefix: &'static str) -> Self {
        Self {
            root: maker.root.clone(),
            prefix,
            fetched: Mutex::default(),
            refused: BTreeSet::new(),
            unlisted: BTreeSet::new(),
            asked: AtomicUsize::new(0),
            meanwhile: Mutex::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name.strip_prefix(self.prefix).expect("names are whole"))
    }

    fn ask(&self) {
        let asked = self.asked.fetch_add(1, Relaxed) + 1;
        let mut meanwhile = self.meanwhile.lock().unwrap();
        if let Some((_, act)) = meanwhile.take_if(|(at, _)| *at == asked) {
            act();
        }
    }

    fn get(&self, name: &str) -> io::Result<TempPath> {
        if self.refused.contains(name) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "not for you"));
        }
        let mut file = NamedTempFile::new()?;
        file.write_all(&std::fs::read(self.path(name))?)?;
        Ok(file.into_temp_path())
    }
}

impl Remote for Elsewhere {
    fn folders(&self, folder: &str) -> io::Result<BTreeSet<String>> {
        let entries = std::fs::read_dir(self.path(folder))?.map(Result::unwrap);
        let folders = entries.filter(|entry| entry.path().is_dir());
        Ok(folders.map(|entry| entry.file_name().into_string().unwrap()).collect())
    }

    fn list(&self, folder: &str) -> io::Result<BTreeMap<String, u64>> {
        self.ask();
        assert!(folder.ends_with('/'), "{folder}");
        if self.unlisted.contains(folder) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "not for you"));
        }
        let root = self.path(folder);
        let entries = walkdir::WalkDir::new(&root).into_iter().filter_map(Result::ok);
        let files = entries.filter(|entry| entry.file_type().is_file());
        let named = files.filter_map(|entry| {
            let name = entry.path().strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            Some((name, entry.metadata().ok()?.len()))
        });
        Ok(named.collect())
    }

    fn fetch(&self, name: &str) -> io::Result<TempPath> {
        self.ask();
        let fetched = self.fetched.lock().unwrap().remove(name);
        fetched.unwrap_or_else(|| self.get(name))
    }

    fn expect(&self, names: Vec<String>, ahead: Ahead) {
        for name in names.into_iter().filter(|_| ahead == Ahead::All) {
            let fetched = self.get(&name);
            self.fetched.lock().unwrap().insert(name, fetched);
        }
    }

    fn forget(&self) {
        self.fetched.lock().unwrap().clear();
    }
}

fn place(remote: Elsewhere) -> (Arc<Elsewhere>, Place) {
    let remote = Arc::new(remote);
    let place = Place::remote(remote.clone(), remote.prefix, "elsewhere").unwrap();
    (remote, place)
}

fn verified(options: &Options, remote: Elsewhere) -> Report {
    verify_place(&place(remote).1, options, &|_| {}).unwrap()
}

/// The report as it would be of the folder itself.
fn without(prefix: &str, mut report: Report) -> Report {
    for finding in &mut report.findings {
        if let Some(object) = &mut finding.object {
            let name = object.strip_prefix(prefix);
            *object = name.unwrap_or_else(|| panic!("`{object}` is another name")).to_owned();
        }
    }
    report.findings.sort();
    report
}

#[test]
fn elsewhere_the_report_is_that_of_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path()).unwrap();
    let paths: Vec<&str> = maker.files.keys().map(String::as_str).collect();
    maker.delta_checkpoint(&paths).unwrap();
    for prefix in ["", "of/host-1/"] {
        for depth in [Depth::Quick, Depth::Sampled { one_in: 3 }, Depth::Deep] {
            let options = Options { depth, ..maker.options() };
            let wanted = without("", maker.verify(&options).unwrap());
            let report = verified(&options, Elsewhere::new(&maker, prefix));
            assert_eq!(without(prefix, report), wanted);
        }
    }
    // A checkpoint of the table's log that hides a file is read there too.
    maker.delta_checkpoint(&paths[1..]).unwrap();
    let report = verified(&maker.options(), Elsewhere::new(&maker, ""));
    assert!(report.has(Kind::DeltaCheckpoint), "{report}");
}

#[test]
fn what_may_not_be_read_is_named_and_is_no_difference() {
    let folder = tempfile::tempdir().unwrap();
    let maker = standard(folder.path()).unwrap();
    let files = Elsewhere::new(&maker, "x/").list("x/").unwrap();
    // Nothing depends on these.
    let unused = |name: &str| {
        name == "README.md"
            || name.ends_with("writer-state.json")
            || name.ends_with("readers.json")
            // Compaction has replaced these, and the files are still there.
            || (name.ends_with(".parquet")
                && !maker.files.keys().any(|path| name == format!("lake/events/{path}")))
    };
    let mut count = 0;
    for name in files.keys().filter(|name| !unused(name)) {
        let mut remote = Elsewhere::new(&maker, "x/");
        remote.refused.insert(format!("x/{name}"));
        let report = verified(&maker.options(), remote);
        assert_eq!(report.outcome, Outcome::Incomplete, "{name}: {report}");
        let object = format!("x/{name}");
        let is_it = |one: &stele_verify::lake::Finding| {
            one.kind == Kind::Unreadable && one.object.as_ref() == Some(&object)
        };
        assert!(report.findings.iter().any(is_it), "{name}: {report}");
        count += 1;
    }
    assert!(count > 12, "{count}");
    for folder in ["lake/events/", "lake/_ledger/1/tile/", "lake/_ledger/1/archive/", "wal/"] {
        let mut remote = Elsewhere::new(&maker, "x/");
        remote.unlisted.insert(format!("x/{folder}"));
        let report = verified(&maker.options(), remote);
        assert_eq!(report.outcome, Outcome::Incomplete, "{folder}: {report}");
        assert!(report.has(Kind::Unreadable), "{folder}: {report}");
    }
}

/// At whichever question of the verifier the server goes on: files vanish and others come, and what
/// was expected is out of date.
#[test]
fn a_server_that_writes_meanwhile_does_not_disturb() {
    let count = {
        let folder = tempfile::tempdir().unwrap();
        let maker = standard(folder.path()).unwrap();
        let (remote, place) = place(Elsewhere::new(&maker, ""));
        verify_place(&place, &maker.options(), &|_| {}).unwrap();
        remote.asked.load(Relaxed)
    };
    assert!(count > 20, "{count}");
    let mut newer = 0;
    for at in 1..=count {
        let folder = tempfile::tempdir().unwrap();
        let mut maker = standard(folder.path()).unwrap();
        maker.memory = maker.in_log.clone();
        let old: Vec<_> =
            maker.files.keys().map(|path| maker.path("lake/events").join(path)).collect();
        let mut server = maker.clone();
        let act = move || {
            server.batch(&sent(3, 3), &[]).unwrap();
            server.flush().unwrap();
            server.compact().unwrap();
            server.publish().unwrap();
            // What was only in the write-ahead log is in the table now.
            std::fs::remove_dir_all(server.path("wal")).unwrap();
            for path in &old {
                std::fs::remove_file(path).unwrap();
            }
        };
        let (remote, place) = place(Elsewhere::new(&maker, ""));
        *remote.meanwhile.lock().unwrap() = Some((at, Box::new(act)));
        let report = verify_place(&place, &maker.options(), &|_| {}).unwrap();
        assert_eq!(report.outcome, Outcome::Verified, "at question {at}: {report}");
        newer += usize::from(report.size > Some(maker.log.size()));
    }
    assert!(newer > count / 2, "{newer} of {count} saw the newer state");
}

#[test]
fn where_there_is_no_lake_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut maker = standard(folder.path()).unwrap();
    maker.root = maker.path("wal");
    let error = Place::remote(Arc::new(Elsewhere::new(&maker, "")), "", "s3://b/x").unwrap_err();
    assert!(error.to_string().contains("`s3://b/x`: there is no data folder"), "{error}");
}
