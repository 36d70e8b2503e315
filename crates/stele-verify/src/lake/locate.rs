//! Where the lake is in a copy of a data folder: a tar holds it below some folder, a bucket below
//! some prefix.

use std::path::Path;

/// What the names of a copy's files begin with: empty, or it ends in a slash.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Located {
    /// In the data folder, or where there is none in the lake.
    pub(super) data: String,
    /// In the lake folder.
    pub(super) lake: String,
    /// Whether the write-ahead log is there too.
    pub(super) has_log: bool,
}

impl Located {
    /// Looks which of its folders lie in one. A copy of the lake folder alone has no write-ahead
    /// log beside it, and nobody could tell that from one whose log was taken away: either way
    /// what is not in the table yet cannot be judged.
    pub(super) fn by_folders(folder: &str, has: impl Fn(&str) -> bool) -> Option<Self> {
        let data = folder.to_owned();
        if has("lake") {
            let lake = format!("{folder}lake/");
            return Some(Self { data, lake, has_log: has("wal") });
        }
        let is_lake = has("_ledger") || has("events");
        is_lake.then(|| Self { lake: data.clone(), data, has_log: false })
    }
}

/// Finds the lake below a folder: in it, or in the only folder that it may be in.
///
/// # Errors
/// Why there is none, or which several there are.
pub(super) fn locate(root: &Path) -> Result<Located, String> {
    let nowhere = || {
        "it holds no data folder: there must be `lake/_ledger`, or the `_ledger` of a lake folder \
         alone, at its top level or below one single folder"
            .to_owned()
    };
    let (mut folder, mut name) = (root.to_owned(), String::new());
    loop {
        if let Some(found) = lake_in(&folder, &name) {
            return Ok(found);
        }
        let entries = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
        let names = entries.flatten().filter(|entry| entry.path().is_dir());
        let mut names: Vec<String> =
            names.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        if let [only] = &names[..] {
            folder.push(only);
            name = format!("{name}{only}/");
            continue;
        }
        let inside = |one: &String| lake_in(&folder.join(one), &format!("{name}{one}/"));
        let mut found: Vec<Located> = names.iter().filter_map(inside).collect();
        return match (found.pop(), found.is_empty()) {
            (Some(one), true) => Ok(one),
            (Some(one), false) => {
                let all = found.iter().chain([&one]).map(|one| format!("`{}`", one.lake));
                let all = all.collect::<Vec<_>>().join(", ");
                Err(format!("it holds several data folders: {all}; unpack it and name one"))
            }
            (None, _) => Err(nowhere()),
        };
    }
}

fn lake_in(folder: &Path, name: &str) -> Option<Located> {
    // Any folder may be called `events`, so that its name alone says nothing.
    let is_lake = |folder: &Path| {
        folder.join("_ledger/1").is_dir() || folder.join("events/_delta_log").is_dir()
    };
    Located::by_folders(name, |one| match one {
        "lake" => is_lake(&folder.join(one)),
        "_ledger" | "events" => is_lake(folder),
        _ => folder.join(one).is_dir(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(folders: &[&str]) -> Result<Located, String> {
        let root = tempfile::tempdir().unwrap();
        for folder in folders {
            std::fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        locate(root.path())
    }

    #[test]
    fn the_lake_is_found_below_one_single_folder() {
        for (folders, data, lake, has_log) in [
            (&["lake/_ledger/1", "wal"][..], "", "lake/", true),
            (&["lake/_ledger/1"], "", "lake/", false),
            (&["lake/events/_delta_log", "wal"], "", "lake/", true),
            (&["_ledger/1", "events/_delta_log"], "", "", false),
            (&["backup/lake/_ledger/1", "backup/wal"], "backup/", "backup/lake/", true),
            (&["var/lib/stele/lake/_ledger/1"], "var/lib/stele/", "var/lib/stele/lake/", false),
            (&["a/lake/_ledger/1", "b/c"], "a/", "a/lake/", false),
            (
                &["srv/events/data/lake/_ledger/1"],
                "srv/events/data/",
                "srv/events/data/lake/",
                false,
            ),
        ] {
            let wanted = Located { data: data.to_owned(), lake: lake.to_owned(), has_log };
            assert_eq!(found(folders), Ok(wanted), "{folders:?}");
        }
    }

    #[test]
    fn where_there_is_none_or_are_several_it_is_said() {
        for folders in [&[][..], &["a", "b"], &["lake"], &["a/b/c"], &["events"]] {
            assert!(found(folders).unwrap_err().contains("holds no data folder"), "{folders:?}");
        }
        let error = found(&["a/lake/_ledger/1", "b/_ledger/1"]).unwrap_err();
        assert!(error.contains("`a/lake/`, `b/`"), "{error}");
    }
}
