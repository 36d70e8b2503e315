//! How fast a folder verifies: `throughput FOLDER EVENTS [quick|deep] [THREADS]`. Where there is
//! no such folder, one with so many events is made, of cloud API calls of some 1.4 kB.

#![allow(clippy::unwrap_used, clippy::expect_used)]
#![expect(dead_code, reason = "the maker can do more than is measured")]

#[path = "../tests/it/maker.rs"]
mod maker;
#[path = "../tests/it/parquet_file.rs"]
mod parquet_file;

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use stele_verify::lake::{Depth, Options, verify};

const BATCH_EVENTS: u32 = 10_000;
const FILE_EVENTS: u64 = 250_000;

fn make(folder: &Path, events: u64) {
    let mut maker = maker::Maker::new(folder);
    maker.row_group_rows = 131_072;
    maker.raw_bytes_min = 1_400;
    for made in (0..events).step_by(BATCH_EVENTS as usize) {
        maker.batch(&maker::sent(BATCH_EVENTS, 0)[..1], &[]);
        maker.tick(1);
        if (made + u64::from(BATCH_EVENTS)) % FILE_EVENTS == 0 {
            maker.beat();
            maker.flush();
            // Nothing is compacted here, so that the rows need not be kept.
            maker.files.values_mut().for_each(Vec::clear);
        }
    }
    if !maker.memory.is_empty() {
        maker.flush();
    }
    maker.publish();
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, events, rest @ ..] = &arguments[..] else {
        return Err("throughput FOLDER EVENTS [quick|deep] [THREADS]".into());
    };
    let folder = Path::new(folder);
    if !folder.exists() {
        make(folder, events.parse()?);
    }
    let mut options = Options { depth: Depth::Sampled { one_in: 256 }, ..maker::options() };
    for word in rest {
        match word.as_str() {
            "quick" => options.depth = Depth::Quick,
            "deep" => options.depth = Depth::Deep,
            number => options.threads = number.parse()?,
        }
    }
    let begun = Instant::now();
    let report = verify(folder, &options, &|_| {})?;
    let seconds = begun.elapsed().as_secs_f64();
    let rate = (report.verified.rows + report.verified.rows_in_log) as f64 / seconds;
    let mut out = std::io::stdout();
    write!(out, "{report}")?;
    writeln!(out, "{seconds:.2} s, {rate:.0} events/s, {} threads", options.threads)?;
    Ok(())
}
