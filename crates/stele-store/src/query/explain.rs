//! What is wrong with a question in SQL, in the words and the form of the search syntax: the
//! message, the query with a mark under the place, and a hint. The engine's own messages name every
//! column there is and settings that nobody can set.

use std::ops::Range;

use datafusion::common::SchemaError as Schema;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};
use stele_event::SourceField;

use super::{EVENTS, query_error};
use crate::error::StoreError;
use crate::search::SearchError;
use crate::search::fields::{nearest_columns, suggestion};

/// Tells what an error of the engine means for the statement it comes from.
pub(super) fn sql_error(sql: &str, sources: &[SourceField], error: DataFusionError) -> StoreError {
    let explained = match error.find_root() {
        DataFusionError::SchemaError(schema, _) => match &**schema {
            Schema::FieldNotFound { field, valid_fields } => {
                let valid: Vec<&str> = valid_fields.iter().map(|c| c.name.as_str()).collect();
                Some(unknown_column(sql, &field.name, sources, &valid))
            }
            _ => None,
        },
        DataFusionError::SQL(parser, _) => Some(not_sql(sql, &parser.to_string())),
        DataFusionError::Plan(message) => plan(sql, message),
        DataFusionError::NotImplemented(message) if message.contains("single SQL statement") => {
            let mistake = SearchError::new("one statement at a time", 0..0);
            Some(mistake.hint("leave out what comes after the `;`"))
        }
        _ => None,
    };
    match explained {
        Some(mistake) => StoreError::Query(mistake.within(sql).to_string()),
        None => query_error(error),
    }
}

fn unknown_column(sql: &str, name: &str, sources: &[SourceField], valid: &[&str]) -> SearchError {
    let place = word(sql, name);
    let written = place.clone().and_then(|span| sql.get(span)).unwrap_or(name);
    let suggestion = suggestion(&nearest_columns(written, sources, valid));
    SearchError::new(format!("there is no column `{written}`"), place.unwrap_or_default()).hint(
        format!(
            "{suggestion}`stele fields` lists the columns, a text stands in single quotes, and a \
             field of the raw record is written `raw_get(raw, 'name')`"
        ),
    )
}

/// `text` is the parser's: `sql parser error: Expected: …, found: … at Line: 1, Column: 8`.
fn not_sql(sql: &str, text: &str) -> SearchError {
    let text = text.strip_prefix("sql parser error: ").unwrap_or(text);
    let (message, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
    let place = place.split_once(", Column: ").and_then(|(line, column)| {
        let location = Location { line: line.parse().ok()?, column: column.parse().ok()? };
        Some(offset(sql, location))
    });
    let start = place.unwrap_or_else(|| sql.trim_end().len());
    let rest = sql.get(start..).unwrap_or_default();
    let width = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let message = message.replace("Expected: ", "expected ").replace(", found: ", ", found ");
    let message = message.replace("found EOF", "but the query ends");
    SearchError::new(format!("this is not SQL: {message}"), start..start + width.max(1))
        .hint("the search syntax is asked with `stele search` and `/api/v1/search`")
}

fn plan(sql: &str, message: &str) -> Option<SearchError> {
    if let Some(rest) = message.strip_prefix("table '") {
        let name = rest.split('\'').next()?.rsplit('.').next()?;
        let mistake = SearchError::new(
            format!("there is no table `{name}`"),
            word(sql, name).unwrap_or_default(),
        );
        return Some(mistake.hint(format!("there is one table, `{EVENTS}`")));
    }
    if let Some(rest) = message.strip_prefix("Invalid function '") {
        let (name, rest) = rest.split_once('\'')?;
        let mistake = SearchError::new(
            format!("there is no function `{name}`"),
            word(sql, name).unwrap_or_default(),
        );
        let near = rest.split_once("Did you mean '").and_then(|(_, near)| near.split('\'').next());
        return Some(match near {
            Some(near) => mistake.hint(format!("did you mean `{near}`?")),
            None => mistake,
        });
    }
    let refused = ["DDL not supported: ", "DML not supported: ", "Statement not supported: "];
    let kind = refused.iter().find_map(|prefix| message.strip_prefix(prefix))?;
    Some(
        SearchError::new(format!("SQL only reads here, and this is `{kind}`"), 0..sql.len())
            .hint("begin with SELECT or WITH"),
    )
}

/// Where a name stands in the statement, in bytes: its first occurrence outside of texts.
fn word(sql: &str, name: &str) -> Option<Range<usize>> {
    let tokens = Tokenizer::new(&GenericDialect {}, sql).tokenize_with_location().ok()?;
    let token = tokens.into_iter().find(
        |token| matches!(&token.token, Token::Word(word) if word.value.eq_ignore_ascii_case(name)),
    )?;
    Some(offset(sql, token.span.start)..offset(sql, token.span.end))
}

/// The byte that a line and a column, both counted from 1 in characters, stand for.
fn offset(sql: &str, location: Location) -> usize {
    let line_begins: usize = sql
        .split_inclusive('\n')
        .take(usize::try_from(location.line).unwrap_or(usize::MAX).saturating_sub(1))
        .map(str::len)
        .sum();
    let before = usize::try_from(location.column).unwrap_or(usize::MAX).saturating_sub(1);
    let line = sql.get(line_begins..).unwrap_or_default();
    line_begins + line.char_indices().nth(before).map_or(line.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests;
