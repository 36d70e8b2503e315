//! Reads metrics from CloudWatch: daily values of what a plan prices, many in one call.
//!
//! Metrics go in, a table of [`Volumes`] comes out. What cannot be read is said in words and left
//! out: no plan fails for it. Each metric is charged for (`GetMetricData` has no free part), so
//! only those are asked for that a price hangs on, each once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat};
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::volumes::{Metric, Volumes, Window};
use crate::call::Aws;
use crate::caller::{CallLog, Caller};
use crate::fact::Fact;
use crate::lenient;

const CALL: &str = "cloudwatch:GetMetricData";
/// What one call takes (quotas of CloudWatch).
const QUERIES_MAX: usize = 500;
/// Calls at once; the client has a limit of its own.
const CALLS_AT_ONCE: usize = 16;
const DAY_S: i64 = 86_400;

/// What came back for one metric. Numbers come as text in XML.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Row {
    id: String,
    status_code: String,
    #[serde(deserialize_with = "lenient::list")]
    timestamps: Vec<Value>,
    #[serde(deserialize_with = "lenient::list")]
    values: Vec<Value>,
}

/// What was counted, and what somebody should know of it.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) volumes: Volumes,
    pub(super) warnings: Vec<String>,
}

/// Reads metrics over the whole days before a time.
pub(super) async fn read(aws: &dyn Aws, wanted: BTreeSet<Metric>, now_micros: i64) -> Read {
    let window = Window::before(now_micros);
    let mut by_region: BTreeMap<String, Vec<Metric>> = BTreeMap::new();
    for metric in wanted {
        by_region.entry(metric.region.clone()).or_default().push(metric);
    }
    let log = CallLog::default();
    let batches = by_region.iter().flat_map(|(region, metrics)| {
        metrics.chunks(QUERIES_MAX).map(move |batch| (region.as_str(), batch))
    });
    let asked = batches.map(|(region, batch)| {
        let caller = Caller::new(aws, &log, region);
        async move {
            let params = question(batch, window);
            let rows: Fact<Vec<Row>> = caller.list_with(CALL, params).await;
            (batch, rows)
        }
    });
    let answers: Vec<_> =
        futures::stream::iter(asked).buffer_unordered(CALLS_AT_ONCE).collect().await;
    let mut volumes = Volumes::of(window);
    for (batch, rows) in answers {
        match rows {
            Fact::Known(rows) => take(&mut volumes, batch, &rows),
            Fact::Absent | Fact::Unknown(_) => {
                for metric in batch {
                    volumes.not_read(metric);
                }
            }
        }
    }
    Read { volumes, warnings: warnings(&log) }
}

/// The parameters of a call for some metrics; each is known again by its place.
fn question(batch: &[Metric], window: Window) -> Map<String, Value> {
    let queries: Vec<Value> = batch
        .iter()
        .enumerate()
        .map(|(place, metric)| {
            let dimensions = metric.dimensions.iter();
            let dimensions: Vec<Value> =
                dimensions.map(|(name, value)| json!({"Name": name, "Value": value})).collect();
            json!({
                "Id": format!("m{place}"),
                "MetricStat": {
                    "Metric": {
                        "Namespace": metric.namespace,
                        "MetricName": metric.name,
                        "Dimensions": dimensions,
                    },
                    "Period": DAY_S,
                    "Stat": metric.statistic.word(),
                },
            })
        })
        .collect();
    let mut params = Map::new();
    params.insert("MetricDataQueries".to_owned(), Value::Array(queries));
    params.insert("StartTime".to_owned(), json!(text(Window::start_micros(window.first))));
    params.insert("EndTime".to_owned(), json!(text(Window::start_micros(window.end))));
    params
}

fn text(micros: i64) -> String {
    let time = DateTime::from_timestamp_micros(micros).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Writes rows down. One metric may come in several, over pages.
fn take(volumes: &mut Volumes, batch: &[Metric], rows: &[Row]) {
    for row in rows {
        let place = row.id.strip_prefix('m').and_then(|place| place.parse::<usize>().ok());
        let Some(metric) = place.and_then(|place| batch.get(place)) else { continue };
        if matches!(row.status_code.as_str(), "InternalError" | "Forbidden") {
            volumes.not_read(metric);
            continue;
        }
        for (time, value) in row.timestamps.iter().zip(&row.values) {
            let (Some(micros), Some(value)) = (micros(time), number(value)) else { continue };
            volumes.add(metric, Window::day(micros), value);
        }
    }
}

fn micros(time: &Value) -> Option<i64> {
    lenient::time(time).ok().flatten()
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}

/// What failed, each reason once, with the regions that it is of.
fn warnings(log: &CallLog) -> Vec<String> {
    let mut reasons: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for error in log.errors() {
        reasons.entry((error.code.clone(), error.hint())).or_default().insert(error.region);
    }
    let words = reasons.into_iter().map(|((code, hint), regions)| {
        let regions: Vec<String> = regions.into_iter().collect();
        let hint = if hint.is_empty() { hint } else { format!("; {hint}") };
        format!(
            "the metrics of {} could not be read ({code}): what depends on them is priced by \
             assumed volumes{hint}",
            regions.join(", ")
        )
    });
    words.collect()
}

#[cfg(test)]
mod tests;
