//! From the terms of a query to a filter of the query engine.
//!
//! A term over a field that has no value is not true, and so is not found; its negation is:
//! `-user:alice` is every event that is not known to be alice's. Terms over columns are put before
//! those over the raw record, which cost more.

use std::collections::BTreeSet;
use std::ops::Range;

use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator, ident, lit};
use stele_event::{Column, SourceField};

use super::SearchError;
use super::fields::{self, Meaning};
use super::functions::{self, pattern, phrase};
use super::syntax::{self, Name, Node, Test, Text};
use super::values::FieldTest;

/// How many terms one query may have; the engine's planner recurses over them.
pub const QUERY_TERMS_MAX: usize = 200;
/// How many terms that must all hold are shown to the planner one by one. It makes a chain of them,
/// which overflows the stack of a worker thread (2 MiB, unoptimised) at four times as many.
const CONJUNCTS_MAX: usize = 32;

/// What a query is compiled against.
#[derive(Debug, Clone, Copy, Default)]
pub struct SearchContext<'a> {
    /// The current time, in µs since the epoch.
    pub now_micros: i64,
    /// The zone of times that are written without one, in seconds east of UTC.
    pub zone_offset_seconds: i32,
    /// The fields that the formats declare, by their own names.
    pub source_fields: &'a [SourceField],
}

/// A query that is ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Compiled {
    /// What a row must pass; none where the query is empty, which every row passes.
    pub filter: Option<Expr>,
    /// Tokens (ASCII in lower case) that the raw record of every matching row has, sorted. An index
    /// over tokens may leave out all rows that lack one of them.
    pub words: Vec<String>,
    /// What the asker should know although it is no mistake.
    pub notes: Vec<String>,
}

/// Compiles a query.
///
/// # Errors
/// The first mistake, with its place.
pub fn compile(query: &str, ctx: &SearchContext<'_>) -> Result<Compiled, SearchError> {
    compile_tree(query, ctx).map_err(|error| error.within(query))
}

fn compile_tree(query: &str, ctx: &SearchContext<'_>) -> Result<Compiled, SearchError> {
    let Some(node) = syntax::parse(query)? else { return Ok(Compiled::default()) };
    let terms = count_terms(&node);
    if terms > QUERY_TERMS_MAX {
        let message =
            format!("the query has {terms} terms, which is over the limit of {QUERY_TERMS_MAX}");
        return Err(SearchError::new(message, 0..0));
    }
    let mut compiler = Compiler { ctx, notes: Vec::new() };
    let filter = Some(compiler.filter(&node)?);
    let words = words_of(&node).into_iter().collect();
    Ok(Compiled { filter, words, notes: compiler.notes })
}

struct Compiler<'a> {
    ctx: &'a SearchContext<'a>,
    notes: Vec<String>,
}

impl Compiler<'_> {
    fn filter(&mut self, node: &Node) -> Result<Expr, SearchError> {
        Ok(match node {
            Node::And(_) => {
                let mut terms = Vec::new();
                conjuncts(node, &mut terms);
                let terms = terms.into_iter().map(|term| self.filter(term));
                all_of(terms.collect::<Result<_, _>>()?)
            }
            Node::Or(nodes) => {
                let terms = nodes.iter().map(|node| self.filter(node));
                any_of(with_lists(terms.collect::<Result<_, _>>()?))
            }
            Node::Not(inner) => match &**inner {
                Node::Not(twice) => self.filter(twice)?,
                inner => self.filter(inner)?.is_not_true(),
            },
            Node::Words(text) => words_filter(text)?,
            Node::Field(name, test) => self.field(name, test)?,
        })
    }

    fn field(&mut self, name: &Name, test: &Test) -> Result<Expr, SearchError> {
        let field = FieldTest { name, test, ctx: self.ctx };
        match fields::resolve(&name.text, &name.span, self.ctx.source_fields)? {
            Meaning::Outcome => field.outcome(),
            Meaning::Partition(partition) => field.partition(partition),
            Meaning::Columns(columns) => {
                let each = columns.into_iter().map(|column| field.column(column));
                Ok(any_of(each.collect::<Result<_, _>>()?))
            }
            Meaning::Source(sources) => source_fields(&field, &sources),
            Meaning::Path(column, path) => {
                if column == Column::Raw && path == name.text {
                    self.notes.extend(fields::doubt(&path, self.ctx.source_fields));
                }
                field.path(column, &path)
            }
        }
    }
}

/// A field that formats name so: in the records of each, its column or its path.
fn source_fields(field: &FieldTest<'_>, sources: &[SourceField]) -> Result<Expr, SearchError> {
    let mut first_error = None;
    let mut each = Vec::new();
    for source in sources {
        let test = if source.lossless {
            field.column(source.column)
        } else {
            field.path(Column::Raw, source.name)
        };
        let of_format = ident(Column::SourceType.name()).eq(lit(source.format));
        match test {
            Ok(test) => each.push(of_format.and(test)),
            // A value may suit the field of one format and not that of another.
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    match (each.is_empty(), first_error) {
        (true, Some(error)) => Err(error),
        _ => Ok(any_of(each)),
    }
}

/// A word, phrase or pattern of the raw record.
pub(super) fn words_filter(text: &Text) -> Result<Expr, SearchError> {
    let raw = ident(Column::Raw.name());
    let Some(pattern) = &text.pattern else {
        let one_token = phrase::is_token(&text.text);
        let function = if one_token { functions::has_token() } else { functions::has_phrase() };
        phrase::PhraseFinder::new(&text.text).map_err(wrong(&text.span))?;
        return Ok(function.call(vec![raw, lit(text.text.as_str())]));
    };
    if pattern.bytes().all(|byte| byte == b'*') {
        return Ok(lit(true));
    }
    let anywhere = format!("*{pattern}*");
    pattern::glob(&anywhere).map_err(wrong(&text.span))?;
    Ok(functions::has_pattern().call(vec![raw, lit(anywhere)]))
}

/// Turns a reason into a mistake at a place.
pub(super) fn wrong(span: &Range<usize>) -> impl Fn(String) -> SearchError {
    move |reason| SearchError::new(reason, span.clone())
}

/// The terms that must all hold, also those of terms in parentheses.
fn conjuncts<'n>(node: &'n Node, terms: &mut Vec<&'n Node>) {
    match node {
        Node::And(nodes) => nodes.iter().for_each(|node| conjuncts(node, terms)),
        other => terms.push(other),
    }
}

fn all_of(terms: Vec<Expr>) -> Expr {
    let mut terms = cheapest_first(terms);
    if terms.len() > CONJUNCTS_MAX {
        // The planner does not look into `IS TRUE`, so that these stay a tree.
        let rest = terms.split_off(CONJUNCTS_MAX - 1);
        terms.push(tree(rest, Operator::And).is_true());
    }
    tree(terms, Operator::And)
}

fn any_of(terms: Vec<Expr>) -> Expr {
    tree(cheapest_first(terms), Operator::Or)
}

/// Terms over columns before those over the raw record, else in their order.
fn cheapest_first(terms: Vec<Expr>) -> Vec<Expr> {
    let reads_raw =
        |term: &Expr| term.column_refs().iter().any(|column| column.name == Column::Raw.name());
    let (costly, mut ordered): (Vec<_>, Vec<_>) = terms.into_iter().partition(reads_raw);
    ordered.extend(costly);
    ordered
}

/// Joins terms as a tree of little depth.
fn tree(mut level: Vec<Expr>, operator: Operator) -> Expr {
    while level.len() > 1 {
        let mut rest = level.into_iter();
        let mut next = Vec::new();
        while let Some(left) = rest.next() {
            next.push(match rest.next() {
                Some(right) => {
                    Expr::BinaryExpr(BinaryExpr::new(Box::new(left), operator, Box::new(right)))
                }
                None => left,
            });
        }
        level = next;
    }
    level.pop().unwrap_or_else(|| lit(operator == Operator::And))
}

/// Joins equalities over the same column into one `IN`.
fn with_lists(exprs: Vec<Expr>) -> Vec<Expr> {
    let mut lists: Vec<(Expr, Vec<Expr>)> = Vec::new();
    let mut others = Vec::new();
    for expr in exprs {
        let (column, values) = match expr {
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right })
                if matches!((&*left, &*right), (Expr::Column(_), Expr::Literal(..))) =>
            {
                (*left, vec![*right])
            }
            Expr::InList(InList { expr, list, negated: false }) => (*expr, list),
            other => {
                others.push(other);
                continue;
            }
        };
        match lists.iter_mut().find(|(known, _)| *known == column) {
            Some((_, list)) => list.extend(values),
            None => lists.push((column, values)),
        }
    }
    let lists = lists.into_iter().map(|(column, mut values)| match values.len() {
        1 => column.eq(values.remove(0)),
        _ => column.in_list(values, false),
    });
    lists.chain(others).collect()
}

fn count_terms(node: &Node) -> usize {
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().map(count_terms).sum(),
        Node::Not(inner) => count_terms(inner),
        Node::Words(_) | Node::Field(..) => 1,
    }
}

/// The tokens without which no record matches.
fn words_of(node: &Node) -> BTreeSet<String> {
    match node {
        Node::And(nodes) => nodes.iter().flat_map(words_of).collect(),
        Node::Or(nodes) => {
            let mut each = nodes.iter().map(words_of);
            let first = each.next().unwrap_or_default();
            each.fold(first, |common, words| common.intersection(&words).cloned().collect())
        }
        Node::Words(text) if text.pattern.is_none() => phrase::tokens(&text.text).collect(),
        Node::Field(name, Test::Is(text))
            if name.text == Column::Raw.name() && text.pattern.is_none() =>
        {
            phrase::tokens(&text.text).collect()
        }
        Node::Not(_) | Node::Words(_) | Node::Field(..) => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests;
