//! Which column or raw path a name in a query means.
//!
//! A name is, in this order: a column (`src_ip`), a short name (`user`), an OCSF path
//! (`src_endpoint.ip`), a source's own name (`sourceIPAddress`), a path into the raw record (with
//! a dot in it, or after `raw.`).

use std::ops::Range;

use stele_event::{COLUMNS, Column, SourceField};

use super::SearchError;

/// Short names for columns.
pub static SHORT: &[(&str, &str)] = &[
    ("user", "user_name"),
    ("ip", "src_ip"),
    ("host", "host_name"),
    ("program", "process_name"),
    ("arn", "user_uid"),
    ("access_key", "credential_uid"),
    ("account", "account_uid"),
    ("severity", "severity_id"),
    ("class", "class_uid"),
    ("format", "source_type"),
    ("error", "status_code"),
    ("id", "event_uid"),
    ("resource", "resource_uid"),
    ("status", "http_status"),
];

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A column of the table.
    Column(&'static str, Column),
    /// A partition column.
    Partition(&'static str),
    /// The outcome shorthand.
    Outcome,
    /// A source's own field: a column for the records of a format, or a raw path for them.
    Source(Vec<SourceField>),
    /// A path into the raw record.
    Raw(String),
}

/// Finds what a name means.
pub fn resolve(
    name: &str,
    span: &Range<usize>,
    sources: &[SourceField],
) -> Result<Meaning, SearchError> {
    if name == "outcome" {
        return Ok(Meaning::Outcome);
    }
    if let Some(partition) = ["dataset", "day"].into_iter().find(|p| *p == name) {
        return Ok(Meaning::Partition(partition));
    }
    let short = SHORT.iter().find(|(short, _)| *short == name).map(|(_, column)| *column);
    if let Some(column) = Column::by_name(short.unwrap_or(name)).or(Column::by_ocsf_path(name)) {
        return Ok(Meaning::Column(column.name(), column));
    }
    let own: Vec<SourceField> =
        sources.iter().filter(|field| field.name == name).copied().collect();
    if !own.is_empty() {
        return Ok(Meaning::Source(own));
    }
    if let Some(path) = name.strip_prefix("raw.") {
        return Ok(Meaning::Raw(path.to_owned()));
    }
    if name.contains('.') {
        return Ok(Meaning::Raw(name.to_owned()));
    }
    let near = nearest(name, sources);
    let hint = match near.is_empty() {
        true => "see `stele fields`; a path into the raw record is written `raw.name`".to_owned(),
        false => format!(
            "did you mean {}? A path into the raw record is written `raw.{name}`",
            near.join(", ")
        ),
    };
    Err(SearchError::new(format!("unknown field `{name}`"), span.clone()).hint(hint))
}

/// The known names nearest to one that is not known.
fn nearest(name: &str, sources: &[SourceField]) -> Vec<String> {
    let known = COLUMNS
        .iter()
        .map(|spec| spec.name)
        .chain(SHORT.iter().map(|(short, _)| *short))
        .chain(sources.iter().map(|field| field.name))
        .chain(["outcome"]);
    let mut near: Vec<(usize, &str)> = known
        .map(|known| (distance(&name.to_lowercase(), &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= 1 + name.len() / 3)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.into_iter().take(3).map(|(_, known)| format!("`{known}`")).collect()
}

/// Levenshtein distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substitute = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substitute.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
