//! How fast a folder verifies: `throughput FOLDER EVENTS [quick|deep] [THREADS]`. Where there is
//! no such folder, one with so many events is made, of cloud API calls of some 1.4 kB.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use stele_selftest::lake::Folder;
use stele_verify::lake::{Depth, Options, verify};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, events, rest @ ..] = &arguments[..] else {
        return Err("throughput FOLDER EVENTS [quick|deep] [THREADS]".into());
    };
    let folder = Path::new(folder);
    if !folder.exists() {
        Folder::make_large(folder, events.parse()?)?;
    }
    let key = std::fs::read_to_string(folder.join("README.md"))?.parse()?;
    let mut options = Options { wait_ms_max: 0, ..Options::new(vec![key]) };
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
