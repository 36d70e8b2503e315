//! The settings: every limit and switch in one table, with its unit in the name, its bounds and its
//! default.
//!
//! A value comes from the default, from `stele.toml`, from a `STELE_…` variable or from a flag;
//! each overrules those before it, and where it came from is kept. The table is also what
//! `stele config show` prints and what `docs/configuration.md` is made of. Nothing is read from
//! anywhere else, and an unknown name is an error: a limit with a typing error is no limit.

mod file;
mod read;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use stele_server::{NodeConfig, WitnessConfig};

pub(crate) use file::check;
pub(crate) use read::{Flag, load, unknown_variables};

/// All settings.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    /// The data folder.
    pub(crate) data: String,
    /// The address that `stele up` listens on.
    pub(crate) listen: String,
    /// Folders for checkpoints, with commas between them.
    anchors: String,
    /// The signer, as it was written.
    signer: String,
    /// The witnesses, as they were written: key and URL, with commas between them.
    witnesses: String,
    /// The limits of the node. Its `data` is taken from above.
    node: NodeConfig,
    /// Where each value came from, in the order of [`SETTINGS`].
    origins: Vec<Origin>,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said anything.
    Default,
    /// A line of a file.
    File {
        /// Its path.
        path: String,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{path}:{line}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// One setting.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its name, with a dot between the table and the key.
    pub(crate) name: &'static str,
    /// What it does.
    pub(crate) about: &'static str,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Number {
        range: RangeInclusive<u64>,
        get: fn(&Settings) -> u64,
        set: fn(&mut Settings, u64),
    },
    Text {
        check: fn(&str) -> Result<(), String>,
        place: fn(&mut Settings) -> &mut String,
    },
    /// A list of tables with these keys, or a text that has their values with spaces between them,
    /// and the tables with commas.
    Tables {
        keys: &'static [&'static str],
        check: fn(&str) -> Result<(), String>,
        place: fn(&mut Settings) -> &mut String,
    },
}

macro_rules! number {
    ($name:literal, $range:expr, $($field:ident).+, $about:literal) => {
        Setting {
            name: $name,
            about: $about,
            kind: Kind::Number {
                range: $range,
                get: |settings| u64::try_from(settings.$($field).+).unwrap_or(u64::MAX),
                set: |settings, value| settings.$($field).+ = value as _,
            },
        }
    };
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Every setting there is.
pub(crate) const SETTINGS: &[Setting] = &[
    Setting {
        name: "data",
        about: "The data folder.",
        kind: Kind::Text { check: not_empty, place: |settings| &mut settings.data },
    },
    Setting {
        name: "listen",
        about: "The address that `stele up` listens on. Others than loopback need TLS and \
                credentials, which come later.",
        kind: Kind::Text { check: socket_address, place: |settings| &mut settings.listen },
    },
    Setting {
        name: "ledger.anchors",
        about: "Folders, with commas between them, to which a checkpoint of the ledger is copied \
                each minute: on another disk, or mounted from another machine.",
        kind: Kind::Text { check: anything, place: |settings| &mut settings.anchors },
    },
    Setting {
        name: "ledger.signer",
        about: "Who signs the ledger: `unix:` and the socket of `stele signer`. Where it is empty, \
                the server itself, with the key in its data folder.",
        kind: Kind::Text { check: signer_place, place: |settings| &mut settings.signer },
    },
    Setting {
        name: "ledger.witnesses",
        about: "Who is asked each minute to witness the ledger: tables `[[ledger.witnesses]]` with \
                `key` (the verifier key) and `url` (what comes before `/add-checkpoint`). As a \
                text, key and URL with a space between them, and commas between witnesses.",
        kind: Kind::Tables {
            keys: &["key", "url"],
            check: |text| witnesses(text).map(|_| ()),
            place: |settings| &mut settings.witnesses,
        },
    },
    number!(
        "ledger.witness_quorum",
        0..=100,
        node.witnesses_needed,
        "So many of the witnesses have to sign; 0 stands for all."
    ),
    Setting {
        name: "ledger.witness_alarm_s",
        about: "Where fewer have signed for so long, the log and `health` say so.",
        kind: Kind::Number {
            range: 5..=2_592_000,
            get: |settings| settings.node.witness_alarm.as_secs(),
            set: |settings, value| settings.node.witness_alarm = Duration::from_secs(value),
        },
    },
    number!(
        "request.body_bytes_max",
        KIB..=4 * GIB,
        node.body_bytes_max,
        "A longer request is refused with 413."
    ),
    number!(
        "request.decoded_bytes_max",
        KIB..=4 * GIB,
        node.decode.decoded_bytes_max,
        "A compressed request that becomes longer than this is refused with 413."
    ),
    number!(
        "request.ratio_max",
        2..=100_000,
        node.decode.ratio_max,
        "A compressed request that becomes more than so many times longer is refused with 413."
    ),
    number!(
        "record.bytes_max",
        KIB..=64 * MIB,
        node.record_bytes_max,
        "A longer record is cut to this, and marked with its original length."
    ),
    number!(
        "once.window_days",
        1..=3_650,
        node.once_window_days,
        "For so long an event's own id is remembered; the same event is not stored twice."
    ),
    number!(
        "wal.segment_bytes",
        MIB..=GIB,
        node.wal.segment_bytes,
        "The write-ahead log is cut into files of about this length."
    ),
    number!(
        "wal.backlog_bytes_max",
        64 * MIB..=1024 * GIB,
        node.wal.backlog_bytes_max,
        "When the write-ahead log holds more than the lake has taken over, senders get 503 and \
         `Retry-After`."
    ),
    number!(
        "wal.group_bytes_max",
        64 * KIB..=256 * MIB,
        node.batch.group_bytes_max,
        "So much is synced to the disk together at the most."
    ),
    number!(
        "batch.events_max",
        100..=16_000,
        node.batch.events_max,
        "A batch, the unit that comes on record in the ledger, holds so many events at the most."
    ),
    Setting {
        name: "batch.age_max_ms",
        about: "A batch is open for so long at the most.",
        kind: Kind::Number {
            range: 10..=60_000,
            get: |settings| (settings.node.batch.age_max_micros / 1_000) as u64,
            set: |settings, value| settings.node.batch.age_max_micros = value as i64 * 1_000,
        },
    },
    number!(
        "store.memtable_bytes_max",
        MIB..=8 * GIB,
        node.store.memtable_bytes_max,
        "Rows wait in memory until they take this, or until they are as old as the next setting \
         says; then they become a file."
    ),
    number!(
        "store.memtable_age_max_ms",
        1_000..=3_600_000,
        node.store.memtable_age_max_ms,
        "See above."
    ),
    number!(
        "store.sealed_memtables_max",
        1..=64,
        node.store.sealed_memtables_max,
        "So many may wait to be written; then the intake is held up."
    ),
    number!(
        "store.compact_file_bytes_max",
        MIB..=4 * GIB,
        node.store.compact_file_bytes_max,
        "Smaller files are joined."
    ),
    number!(
        "store.compact_files_min",
        2..=1_000,
        node.store.compact_files_min,
        "So many small files of a day are joined without being asked."
    ),
    number!(
        "store.retired_grace_ms",
        0..=604_800_000,
        node.store.retired_grace_ms,
        "Files that were joined are deleted after this; running queries may still read them."
    ),
    number!(
        "query.memory_bytes_max",
        16 * MIB..=1024 * GIB,
        node.store.query_memory_bytes_max,
        "All queries together may use so much memory; one that needs more ends with an error."
    ),
    Setting {
        name: "query.timeout_s",
        about: "A query that takes longer ends with an error.",
        kind: Kind::Number {
            range: 1..=86_400,
            get: |settings| settings.node.query.timeout.as_secs(),
            set: |settings, value| settings.node.query.timeout = Duration::from_secs(value),
        },
    },
    number!(
        "query.rows_max",
        1..=1_000_000_000,
        node.query.rows_max,
        "A query returns so many rows at the most."
    ),
];

#[expect(clippy::unnecessary_wraps, reason = "the form of every check")]
fn anything(_text: &str) -> Result<(), String> {
    Ok(())
}

fn not_empty(text: &str) -> Result<(), String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(()) }
}

fn witnesses(text: &str) -> Result<Vec<WitnessConfig>, String> {
    let each = text.split(',').map(str::trim).filter(|one| !one.is_empty());
    let each = each.map(|one| match one.split_once(char::is_whitespace) {
        Some((key, url)) => WitnessConfig::parse(key, url.trim()),
        None => Err(format!("`{one}` is no key and URL with a space between them")),
    });
    let witnesses = each.collect::<Result<Vec<_>, _>>()?;
    WitnessConfig::policy(&witnesses, 0).map_err(|error| error.to_string())?;
    Ok(witnesses)
}

fn signer_place(text: &str) -> Result<(), String> {
    match text.strip_prefix("unix:") {
        Some(path) if path.starts_with('/') => Ok(()),
        None if text.is_empty() => Ok(()),
        _ => Err(format!(
            "`{text}` is neither empty nor a socket, such as `unix:/run/stele/signer.sock`"
        )),
    }
}

fn socket_address(text: &str) -> Result<(), String> {
    match text.parse::<SocketAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("`{text}` is no address and port, such as `127.0.0.1:7800`")),
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: "./stele-data".to_owned(),
            listen: "127.0.0.1:7800".to_owned(),
            anchors: String::new(),
            signer: String::new(),
            witnesses: String::new(),
            node: NodeConfig::new(""),
            origins: vec![Origin::Default; SETTINGS.len()],
        }
    }
}

impl Settings {
    /// The settings of a node.
    pub(crate) fn node(&self) -> NodeConfig {
        let folders = self.anchors.split(',').map(str::trim).filter(|folder| !folder.is_empty());
        let anchors = folders.map(Into::into).collect();
        let signer = self.signer.strip_prefix("unix:").map(Into::into);
        // It was checked when it was set.
        let witnesses = witnesses(&self.witnesses).unwrap_or_default();
        let witnesses_needed = match self.node.witnesses_needed {
            0 => witnesses.len(),
            needed => needed,
        };
        NodeConfig {
            data: self.data.clone().into(),
            anchors,
            signer,
            witnesses,
            witnesses_needed,
            ..self.node.clone()
        }
    }

    /// What cannot be together, though each of it can be.
    pub(crate) fn contradiction(&self) -> Option<String> {
        let (count, needed) =
            (witnesses(&self.witnesses).unwrap_or_default().len(), self.node.witnesses_needed);
        (needed > count).then(|| {
            format!("`ledger.witness_quorum` is {needed}, and `ledger.witnesses` names {count}")
        })
    }

    /// Every setting with its value and where it came from.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&'static Setting, String, &Origin)> {
        let mut copy = self.clone();
        SETTINGS
            .iter()
            .zip(&self.origins)
            .map(move |(setting, origin)| (setting, setting.value(&mut copy), origin))
    }

    /// Sets a value that is a text; numbers may be written with `_` between digits.
    fn set(&mut self, index: usize, text: &str, origin: Origin) -> Result<(), String> {
        match &SETTINGS[index].kind {
            Kind::Text { check, place } | Kind::Tables { check, place, .. } => {
                check(text)?;
                text.clone_into(place(self));
            }
            Kind::Number { range, set, .. } => {
                let (least, most) = range.clone().into_inner();
                let number = text
                    .replace('_', "")
                    .parse::<u64>()
                    .ok()
                    .filter(|number| range.contains(number))
                    .ok_or_else(|| format!("`{text}` is no whole number from {least} to {most}"))?;
                set(self, number);
            }
        }
        self.origins[index] = origin;
        Ok(())
    }
}

impl Setting {
    /// The variable that overrules the file.
    pub(crate) fn variable(&self) -> String {
        format!("STELE_{}", self.name.replace('.', "_").to_uppercase())
    }

    fn value(&self, settings: &mut Settings) -> String {
        match &self.kind {
            Kind::Number { get, .. } => get(settings).to_string(),
            Kind::Text { place, .. } | Kind::Tables { place, .. } => place(settings).clone(),
        }
    }

    /// The keys of its tables, where it is a list of tables.
    pub(crate) fn table_keys(&self) -> &'static [&'static str] {
        match self.kind {
            Kind::Tables { keys, .. } => keys,
            _ => &[],
        }
    }

    /// Whether values are numbers, which the file writes without quotes.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.kind, Kind::Number { .. })
    }
}

/// The name that somebody may have meant.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::levenshtein(name, known), known))
        .filter(|(edits, known)| *edits <= known.len() / 3)
        .min()
        .map(|(_, known)| known)
}

/// The page of the book: the table, and what it means.
pub(crate) fn markdown() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         Generated by `cargo xtask gen` from the table of the settings; do not edit.\n\n\
         Stele needs no configuration. What can be set is set in `stele.toml` in the folder in\n\
         which a command is started, or in the file that `--config` or `STELE_CONFIG` names;\n\
         `STELE_…` variables overrule the file, and flags overrule both.\n\
         `stele config show` prints what is in force and where each value came from;\n\
         `stele config check` explains what is wrong in a file. An unknown name is an error.\n\n\
         ```toml\n\
         # stele.toml\n\
         data = \"/var/lib/stele\"\n\n\
         [query]\n\
         timeout_s = 120\n\
         ```\n\n\
         Lengths are in bytes; numbers may be written with `_` between digits.\n\n\
         | setting | default | from, to | what it does | variable |\n\
         |---|---|---|---|---|\n",
    );
    for (setting, default, _) in Settings::default().each() {
        let range = match &setting.kind {
            Kind::Number { range, .. } => format!("{}, {}", range.start(), range.end()),
            Kind::Text { .. } | Kind::Tables { .. } => String::new(),
        };
        let _ = writeln!(
            page,
            "| `{}` | `{default}` | {range} | {} | `{}` |",
            setting.name,
            setting.about,
            setting.variable()
        );
    }
    page.push_str(
        "\nOther variables: `STELE_SERVER` names a server to use instead of the data folder,\n\
         `STELE_CONFIG` the file, and `STELE_LOG` what is logged to standard error\n\
         (`stele_server=debug,warn`).\n",
    );
    page
}
