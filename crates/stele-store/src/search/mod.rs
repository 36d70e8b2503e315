//! The search syntax: what people type into the query bar.
//!
//! [`syntax`] turns text into terms and names the place of a mistake; [`fields`] says which column
//! or raw path a name means; [`plan`] makes a filter of it; [`functions`] are the few that SQL
//! lacks; [`time`] reads times as people write them. `docs/search-syntax.md` is the reference.

pub mod fields;
pub mod functions;
pub mod plan;
pub mod syntax;
pub mod time;

use std::ops::Range;

use datafusion::logical_expr::Expr;
use stele_event::SourceField;

/// A mistake in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchError {
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where, in bytes of the query.
    pub span: Range<usize>,
}

impl SearchError {
    pub(crate) fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), hint: None, span }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The mistake with the query and a mark under the place.
    pub fn explain(&self, query: &str) -> String {
        let start = query.get(..self.span.start).map_or(0, |text| text.chars().count());
        let width = query.get(self.span.clone()).map_or(1, |text| text.chars().count().max(1));
        let line: String = query.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let mut text =
            format!("{}\n  {line}\n  {}{}", self.message, " ".repeat(start), "^".repeat(width));
        if let Some(hint) = &self.hint {
            text.push_str("\nhint: ");
            text.push_str(hint);
        }
        text
    }
}

/// The filter that a query stands for; `None` for the empty query, which everything matches.
pub fn compile(
    query: &str,
    source_fields: &[SourceField],
    now_micros: i64,
) -> Result<Option<Expr>, SearchError> {
    let Some(node) = syntax::parse(query)? else { return Ok(None) };
    plan::filter(&node, source_fields, now_micros).map(Some)
}

#[cfg(test)]
mod tests;
