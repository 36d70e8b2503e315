//! Which column or path a name in a query means.
//!
//! A name is, in this order: a shorthand of the language (`outcome`), a column (`src_ip`), a short
//! name for columns ([`SHORT_NAMES`]), an OCSF path (`src_endpoint.ip`), a source's own name
//! (`sourceIPAddress`), a path into the raw record (a name with a dot in it, or `raw.name`).
//! `docs/search-syntax.md` is the reference.

use std::ops::Range;

use stele_event::{COLUMNS, Column, SourceField};

use super::SearchError;
use crate::schema::{DATASET, DAY};

/// Short names, and the columns that they stand for: one of them must pass the test.
pub static SHORT_NAMES: &[(&str, &[Column])] = &[
    ("access_key", &[Column::CredentialUid]),
    ("account", &[Column::AccountUid]),
    ("agent", &[Column::UserAgent]),
    ("arn", &[Column::UserUid]),
    ("category", &[Column::CategoryUid]),
    ("class", &[Column::ClassUid]),
    ("command", &[Column::ProcessCmdLine]),
    ("direction", &[Column::DirectionId]),
    ("disposition", &[Column::DispositionId]),
    ("dst", &[Column::DstIp]),
    ("error", &[Column::StatusCode]),
    ("event", &[Column::Operation]),
    ("file", &[Column::FilePath]),
    ("format", &[Column::SourceType]),
    ("host", &[Column::HostName]),
    ("http", &[Column::HttpStatus]),
    ("id", &[Column::EventUid]),
    ("ip", &[Column::SrcIp]),
    ("method", &[Column::HttpMethod]),
    ("mfa", &[Column::IsMfa]),
    ("path", &[Column::UrlPath]),
    ("program", &[Column::ProcessName]),
    ("protocol", &[Column::ProtocolNum]),
    ("request", &[Column::RequestUid]),
    ("resource", &[Column::ResourceUid, Column::ResourceUids]),
    ("session", &[Column::SessionUid]),
    ("severity", &[Column::SeverityId]),
    ("src", &[Column::SrcIp]),
    ("status", &[Column::StatusId]),
    ("trace", &[Column::TraceUid]),
    ("user", &[Column::UserName]),
];

/// The name of the outcome shorthand.
const OUTCOME: &str = "outcome";
/// The partition columns, which are texts.
const PARTITIONS: [&str; 2] = [DATASET, DAY];
/// Columns that hold a JSON object, whose members are named with the column's name before them.
const OBJECTS: [Column; 3] = [Column::Raw, Column::Attrs, Column::Unmapped];
/// How many names are suggested for one that is not known.
const SUGGESTIONS_MAX: usize = 3;
/// Names longer than this are not compared with the known ones.
const COMPARED_CHARS_MAX: usize = 64;

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// The outcome shorthand.
    Outcome,
    /// Columns, of which one must pass the test; mostly it is a single one.
    Columns(Vec<Column>),
    /// A partition column.
    Partition(&'static str),
    /// A source's own field, once for each format that has it.
    Source(Vec<SourceField>),
    /// A path into the JSON object that a column holds.
    Path(Column, String),
}

/// Finds what a name means; `span` is its place in the query.
///
/// # Errors
/// Where it means nothing, with the nearest names that do.
pub fn resolve(
    name: &str,
    span: &Range<usize>,
    sources: &[SourceField],
) -> Result<Meaning, SearchError> {
    if name == OUTCOME {
        return Ok(Meaning::Outcome);
    }
    if let Some(partition) = PARTITIONS.into_iter().find(|partition| *partition == name) {
        return Ok(Meaning::Partition(partition));
    }
    if let Some(column) = Column::by_name(name) {
        return Ok(Meaning::Columns(vec![column]));
    }
    if let Some((_, columns)) = SHORT_NAMES.iter().find(|(short, _)| *short == name) {
        return Ok(Meaning::Columns(columns.to_vec()));
    }
    if let Some(column) = Column::by_ocsf_path(name) {
        return Ok(Meaning::Columns(vec![column]));
    }
    let own: Vec<SourceField> =
        sources.iter().filter(|field| field.name == name).copied().collect();
    if !own.is_empty() {
        return Ok(Meaning::Source(own));
    }
    path(name, span)?.ok_or_else(|| unknown(name, span, sources))
}

/// A note about a name that is taken for a path into the raw record although it looks like a
/// misspelt name of another kind: such a path finds nothing, and nobody would know why.
pub fn doubt(name: &str, sources: &[SourceField]) -> Option<String> {
    let near = nearest(name, sources, 2);
    let [nearest, ..] = &near[..] else { return None };
    Some(format!("`{name}` is looked up in the raw record; there is also {nearest}"))
}

fn path(name: &str, span: &Range<usize>) -> Result<Option<Meaning>, SearchError> {
    let prefixed = OBJECTS.into_iter().find_map(|column| {
        let path = name.strip_prefix(column.name())?.strip_prefix('.')?;
        Some((column, path))
    });
    let Some((column, path)) = prefixed.or(name.contains('.').then_some((Column::Raw, name)))
    else {
        return Ok(None);
    };
    if path.is_empty() {
        let message = format!("the path after `{}.` is missing", column.name());
        return Err(SearchError::new(message, span.clone()));
    }
    if path.contains("[]") {
        let message = "`[]` (any element) cannot be asked of a raw record";
        return Err(SearchError::new(message, span.clone())
            .hint("name the place (`items[0]`), or search for the value as a word"));
    }
    // The members of `attrs` are whole OCSF paths, with the dots in their names.
    let path = match column {
        Column::Attrs => path.replace("\\.", ".").replace('.', "\\."),
        _ => path.to_owned(),
    };
    Ok(Some(Meaning::Path(column, path)))
}

fn unknown(name: &str, span: &Range<usize>, sources: &[SourceField]) -> SearchError {
    let suggestion = suggestion(&nearest(name, sources, about(name)));
    SearchError::new(format!("unknown field `{name}`"), span.clone()).hint(format!(
        "{suggestion}a field of the raw record is written `raw.{name}`, a text with a colon in \
         double quotes"
    ))
}

/// The beginning of a hint that names what may have been meant; nothing where that is nothing.
pub(crate) fn suggestion(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("did you mean {}? ", near.join(" or ")) }
}

/// The columns that a name may stand for which is none, in backticks: those that it means in a
/// search, else those of `valid` that are written nearly the same.
pub(crate) fn nearest_columns(name: &str, sources: &[SourceField], valid: &[&str]) -> Vec<String> {
    let short = SHORT_NAMES.iter().filter(|(short, _)| *short == name);
    let source = sources.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
    let mut meant: Vec<String> = short
        .flat_map(|(_, columns)| columns.iter().copied())
        .chain(Column::by_ocsf_path(name))
        .chain(source.map(|field| field.column))
        .map(|column| format!("`{}`", column.name()))
        .collect();
    meant.dedup();
    meant.truncate(SUGGESTIONS_MAX);
    if meant.is_empty() { closest(name, valid.iter().copied(), about(name)) } else { meant }
}

/// The known names nearest to one that is not known, in backticks.
fn nearest(name: &str, sources: &[SourceField], distance_max: usize) -> Vec<String> {
    let known = COLUMNS
        .iter()
        .flat_map(|spec| [spec.name, spec.ocsf])
        .chain(SHORT_NAMES.iter().map(|(short, _)| *short))
        .chain(sources.iter().map(|field| field.name))
        .chain(PARTITIONS)
        .chain([OUTCOME]);
    closest(name, known.filter(|known| !known.is_empty()), distance_max)
}

/// How many letters may differ in what was meant.
fn about(name: &str) -> usize {
    1 + name.chars().count() / 3
}

fn closest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    distance_max: usize,
) -> Vec<String> {
    if name.chars().count() > COMPARED_CHARS_MAX {
        return Vec::new();
    }
    let lower = name.to_lowercase();
    let mut near: Vec<(usize, &str)> = known
        .map(|known| (strsim::levenshtein(&lower, &known.to_lowercase()), known))
        .filter(|(distance, _)| *distance <= distance_max)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.truncate(SUGGESTIONS_MAX);
    near.into_iter().map(|(_, known)| format!("`{known}`")).collect()
}

#[cfg(test)]
mod tests;
