//! How fast questions are answered by a running server, measured at its client.

use std::time::Instant;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde_json::Value;

use super::http::encoded;
use super::measure;
use super::server::Server;
use super::{Bench, median};
use crate::external::import;

/// Before measuring, each question is asked so often, so that caches are as warm as they get.
const WARM_UP_ROUNDS: u32 = 2;

/// The results.
#[derive(Debug, Serialize)]
pub(super) struct Results {
    idle_resident_bytes: u64,
    peak_resident_bytes: u64,
    questions: Vec<Answered>,
}

/// A question and how fast it was answered.
#[derive(Debug, Serialize)]
struct Answered {
    name: &'static str,
    question: String,
    rows: usize,
    best_ms: f64,
    median_ms: f64,
    /// Processor time of the server, per answer.
    cpu_ms: f64,
}

enum Language {
    Search { query: String, limit: u32 },
    Sql(String),
}

struct Question {
    name: &'static str,
    language: Language,
}

/// Imports the events, starts the server and asks.
pub(super) fn measure(bench: &Bench) -> anyhow::Result<Results> {
    let logs = bench.make_logs()?;
    let data = bench.folder.join("data");
    eprintln!("importing");
    import(&bench.binary, &data, &logs)?;
    let server = Server::start(&bench.binary, &data)?;
    let idle_resident_bytes = measure::resident_bytes(server.pid()).unwrap_or_default();
    let mut questions = Vec::new();
    for question in questions_about(&server)? {
        eprintln!("asking: {}", question.name);
        questions.push(ask(&server, &question, bench.rounds)?);
    }
    let peak_resident_bytes = measure::peak_resident_bytes(server.pid()).unwrap_or_default();
    Ok(Results { idle_resident_bytes, peak_resident_bytes, questions })
}

/// The questions; what they look for is taken from the data, the same each time.
fn questions_about(server: &Server) -> anyhow::Result<Vec<Question>> {
    let text = |sql: &str, column: &str| -> anyhow::Result<String> {
        let row: Value = server.first_row(sql)?;
        let value = row.get(column).and_then(Value::as_str);
        Ok(value.with_context(|| format!("`{sql}` gives no `{column}`"))?.to_owned())
    };
    let id = text("SELECT max(event_uid) AS id FROM events", "id")?;
    let address = text(
        "SELECT src_ip, count(*) AS events FROM events WHERE src_ip IS NOT NULL \
         GROUP BY src_ip ORDER BY events, src_ip LIMIT 1",
        "src_ip",
    )?;
    let detail = text(
        "SELECT min(status_detail) AS detail FROM events WHERE status_detail LIKE '% %'",
        "detail",
    )?;
    let phrase = phrase_of(&detail);
    let search = |query: String, limit| Language::Search { query, limit };
    let sql = |sql: &str| Language::Sql(sql.to_owned());
    let questions = [
        ("needle, one id", search(format!("event_uid:\"{id}\""), 100)),
        ("needle, rarest address", search(format!("src_ip:\"{address}\""), 100)),
        ("latest 100, all columns", search(String::new(), 100)),
        (
            "hourly histogram",
            sql("SELECT date_trunc('hour', time) AS hour, count(*) AS events FROM events \
                 GROUP BY 1 ORDER BY 1"),
        ),
        (
            "top 10 with a filter",
            sql("SELECT user_uid, count(*) AS events FROM events WHERE status_id = 2 \
                 GROUP BY user_uid ORDER BY events DESC, user_uid LIMIT 10"),
        ),
        ("bare word", search("AccessDenied".to_owned(), 100)),
        ("phrase", search(format!("\"{phrase}\""), 100)),
        ("count of everything", sql("SELECT count(*) AS events FROM events")),
    ];
    Ok(questions.into_iter().map(|(name, language)| Question { name, language }).collect())
}

/// The first three words of a text, up to the first character that would need an escape.
pub(super) fn phrase_of(text: &str) -> String {
    let plain = text.split(['"', '\\']).next().unwrap_or_default();
    plain.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

impl Question {
    /// What is asked, as a person would type it.
    fn shown(&self) -> String {
        match &self.language {
            Language::Search { query, .. } => query.clone(),
            Language::Sql(sql) => sql.clone(),
        }
    }

    /// Asks, and reads the answer to its end.
    fn answer(&self, server: &Server) -> anyhow::Result<Vec<u8>> {
        match &self.language {
            Language::Search { query, limit } => {
                let query = encoded(query);
                server.get(&format!("/api/v1/search?q={query}&limit={limit}&order=desc"))
            }
            Language::Sql(sql) => server.sql(sql),
        }
    }
}

fn ask(server: &Server, question: &Question, rounds: u32) -> anyhow::Result<Answered> {
    let mut rows = 0;
    for _ in 0..WARM_UP_ROUNDS {
        let answer = question.answer(server)?;
        rows = answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count();
    }
    ensure!(rows > 0, "`{}` finds nothing, so there is nothing to measure", question.shown());
    let cpu_before = measure::process_cpu_seconds(server.pid())?;
    let mut times_ms = Vec::new();
    for _ in 0..rounds {
        let started = Instant::now();
        question.answer(server)?;
        times_ms.push(started.elapsed().as_secs_f64() * 1e3);
    }
    let cpu = measure::process_cpu_seconds(server.pid())? - cpu_before;
    Ok(Answered {
        name: question.name,
        question: question.shown(),
        rows,
        best_ms: times_ms.iter().copied().fold(f64::INFINITY, f64::min),
        median_ms: median(times_ms),
        cpu_ms: cpu * 1e3 / f64::from(rounds.max(1)),
    })
}

/// The results for people.
pub(super) fn table(results: &Results) -> String {
    let mut table = "| question | rows | best ms | median ms | CPU ms |\n".to_owned();
    table.push_str("|---|---:|---:|---:|---:|\n");
    for q in &results.questions {
        let Answered { name, rows, best_ms, median_ms, cpu_ms, .. } = q;
        let row = format!("| {name} | {rows} | {best_ms:.2} | {median_ms:.2} | {cpu_ms:.1} |\n");
        table.push_str(&row);
    }
    let mebibytes = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let idle = mebibytes(results.idle_resident_bytes);
    let peak = mebibytes(results.peak_resident_bytes);
    format!(
        "{table}\nmemory of the server: {idle:.0} MiB when started, {peak:.0} MiB at its peak\n"
    )
}
