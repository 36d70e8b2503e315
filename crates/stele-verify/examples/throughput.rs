//! How fast a folder verifies: `throughput FOLDER VKEY [quick|deep] [THREADS]`.

use std::io::Write;
use std::time::Instant;

use stele_verify::lake::{Depth, Options, verify};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, key, rest @ ..] = &arguments[..] else { return Err("FOLDER VKEY".into()) };
    let mut options = Options::new(vec![key.parse()?]);
    for word in rest {
        match word.as_str() {
            "quick" => options.depth = Depth::Quick,
            "deep" => options.depth = Depth::Deep,
            number => options.threads = number.parse()?,
        }
    }
    let begun = Instant::now();
    let report = verify(folder.as_ref(), &options, &|_| {})?;
    let seconds = begun.elapsed().as_secs_f64();
    let rate = (report.verified.rows + report.verified.rows_in_log) as f64 / seconds;
    let mut out = std::io::stdout();
    write!(out, "{report}")?;
    writeln!(out, "{seconds:.2} s, {rate:.0} events/s, {} threads", options.threads)?;
    Ok(())
}
