//! The folder that the battery is run against: written by the server, through its own node.

use std::path::Path;

use stele_selftest::lake::{FLOW_HEADER, Folder, event};

use super::worker::{Body, Limits, Order, Stored};
use super::working::Working;

/// Limits under which the folder is small, and nothing that was replaced goes.
const LIMITS: Limits = Limits {
    batch_events_max: 10_000,
    batch_age_max_ms: 50,
    segment_bytes: 64 << 10,
    memtable_bytes_max: 96 << 20,
    compact_files_min: 1_000,
    retired_grace_ms: 3_600_000,
};

/// A body of cloud API calls.
pub(crate) fn calls(numbers: std::ops::Range<u64>) -> Body {
    Body {
        source: "trail".to_owned(),
        format: "cloudtrail".to_owned(),
        dataset: "main".to_owned(),
        text: lines("cloudtrail", "trail", numbers),
    }
}

/// A body of a flow log.
pub(crate) fn flows(numbers: std::ops::Range<u64>) -> Body {
    Body {
        source: "flows".to_owned(),
        format: "vpcflow".to_owned(),
        dataset: "main".to_owned(),
        text: format!("{FLOW_HEADER}\n{}", lines("vpcflow", "flows", numbers)),
    }
}

fn lines(format: &str, source: &str, numbers: std::ops::Range<u64>) -> String {
    let mut text = String::new();
    for number in numbers {
        text.push_str(&String::from_utf8_lossy(&event(format, source, number)));
        text.push('\n');
    }
    text
}

/// Text of an application, in a dataset of its own.
pub(crate) fn notes(numbers: std::ops::Range<u64>) -> Body {
    let line = |number| format!("{{\"level\":\"info\",\"note\":{number}}}\n");
    Body {
        source: "application".to_owned(),
        format: "json".to_owned(),
        dataset: "other".to_owned(),
        text: numbers.map(line).collect(),
    }
}

/// The same calls with other content under their ids, and lines that are none.
pub(crate) fn conflicts(numbers: std::ops::Range<u64>) -> Body {
    let mut body = calls(numbers);
    body.text = body.text.replace("GetObject", "PutObject") + "{\"torn\":\nno call at all\n";
    body
}

/// Makes the folder `data` below a folder: sources, datasets, duplicates, conflicts, a compaction,
/// a change of the key, a restart, and a kill with events that are only in the write-ahead log.
pub(crate) fn make(folder: &Path) -> anyhow::Result<Folder> {
    let mut working = Working::start(folder, LIMITS)?;
    let mut events = 0;
    let mut ingest = |working: &mut Working, body: Body| -> anyhow::Result<()> {
        let answer = working.order(&Order::Ingest(body))?;
        let Stored { stored, duplicates } = serde_json::from_value(answer)?;
        events += stored + duplicates;
        // A batch each: the next comes when this one is on record.
        working.order(&Order::Await { events })?;
        Ok(())
    };
    ingest(&mut working, calls(0..24))?;
    ingest(&mut working, flows(0..12))?;
    ingest(&mut working, notes(0..6))?;
    working.order(&Order::Flush)?;
    ingest(&mut working, calls(20..40))?;
    ingest(&mut working, conflicts(2..5))?;
    working.order(&Order::Flush)?;
    working.order(&Order::Compact)?;
    working.order(&Order::RotateKey)?;
    ingest(&mut working, flows(12..30))?;
    working.close()?;
    let mut working = Working::start(folder, LIMITS)?;
    ingest(&mut working, calls(40..50))?;
    working.order(&Order::Flush)?;
    ingest(&mut working, calls(50..56))?;
    ingest(&mut working, flows(30..36))?;
    working.kill()?;
    Ok(Folder::open(&folder.join("data"))?)
}
