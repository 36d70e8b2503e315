//! The search syntax: what people type into the query bar.
//!
//! A query is text. [`syntax`] makes a tree of it (with the help of the lexer), [`fields`] says
//! which column or path a name means, [`plan`] makes a filter for the query engine of the tree,
//! with values checked by type, and [`functions`] are what that filter calls; [`time`] reads times
//! as people write them. Whatever the text, the answer is a filter or a mistake with its place;
//! nothing here reads a clock, a file or a row. `docs/search-syntax.md` is the reference.

pub mod error;
pub mod fields;
pub mod functions;
mod lexer;
mod names;
pub mod plan;
pub mod syntax;
pub mod time;
mod values;

use datafusion::logical_expr::Expr;
use stele_event::SourceField;

pub use error::SearchError;
pub use plan::{Compiled, SearchContext};
pub use values::DENIED_CODES;

/// The filter that a query stands for, with times in UTC; `None` for the empty query, which every
/// row passes. [`plan::compile`] also gives what else is known of the query.
///
/// # Errors
/// The first mistake, with its place.
pub fn compile(
    query: &str,
    source_fields: &[SourceField],
    now_micros: i64,
) -> Result<Option<Expr>, SearchError> {
    let ctx = SearchContext { now_micros, zone_offset_seconds: 0, source_fields };
    plan::compile(query, &ctx).map(|compiled| compiled.filter)
}
