//! From terms to a filter of the query engine.

use std::ops::Range;

use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{Expr, ScalarUDF, col, lit};
use datafusion::scalar::ScalarValue;
use stele_event::{Column, Kind, SourceField};

use super::fields::{Meaning, resolve};
use super::functions;
use super::syntax::{Comparison, Node, Test, Text};
use super::{SearchError, time};

/// Builds the filter. Negation takes in rows where the field has no value: `-user:alice` is
/// everything that is not known to be alice's.
pub fn filter(node: &Node, sources: &[SourceField], now_micros: i64) -> Result<Expr, SearchError> {
    let all = |nodes: &[Node]| -> Result<Vec<Expr>, SearchError> {
        nodes.iter().map(|node| filter(node, sources, now_micros)).collect()
    };
    Ok(match node {
        Node::And(nodes) => all(nodes)?.into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true)),
        Node::Or(nodes) => all(nodes)?.into_iter().reduce(Expr::or).unwrap_or_else(|| lit(false)),
        Node::Not(node) => filter(node, sources, now_micros)?.is_not_true(),
        Node::Word(text) => word(text),
        Node::Field { name, name_span, test } => {
            let context = Context { name, name_span, now_micros };
            match resolve(name, name_span, sources)? {
                Meaning::Outcome => outcome(test, name_span)?,
                Meaning::Partition(name) => context.text(column(name), test)?,
                Meaning::Column(_, column) => context.column(column, test)?,
                Meaning::Raw(path) => context.text(raw_get(&path), test)?,
                Meaning::Source(fields) => {
                    let mut any = lit(false);
                    for field in fields {
                        let of_format = column(Column::SourceType.name()).eq(lit(field.format));
                        let test = if field.lossless {
                            context.column(field.column, test)?
                        } else {
                            context.text(raw_get(field.name), test)?
                        };
                        any = any.or(of_format.and(test));
                    }
                    any
                }
            }
        }
    })
}

fn column(name: &str) -> Expr {
    col(format!("\"{name}\""))
}

fn call(function: ScalarUDF, arguments: Vec<Expr>) -> Expr {
    function.call(arguments)
}

fn raw_get(path: &str) -> Expr {
    call(functions::raw_get(), vec![column(Column::Raw.name()), lit(path)])
}

/// A bare word: whole tokens of the raw record, or with `*` any part of it.
fn word(text: &Text) -> Expr {
    let raw = column(Column::Raw.name());
    if !text.quoted && text.text.contains(['*', '?']) {
        let pattern = format!("*{}*", text.text);
        return call(functions::has_pattern(), vec![raw, lit(pattern)]);
    }
    call(functions::has_token(), vec![raw, lit(text.text.clone())])
}

fn outcome(test: &Test, span: &Range<usize>) -> Result<Expr, SearchError> {
    let status = |id: i32| column(Column::StatusId.name()).eq(lit(id));
    let wrong = || SearchError::new("outcome is `success`, `failure` or `denied`", span.clone());
    let Test::Is(value) = test else { return Err(wrong()) };
    Ok(match value.text.as_str() {
        "success" => status(1),
        "failure" => status(2),
        "denied" => {
            let denied = DENIED_CODES.iter().map(|code| lit(*code)).collect();
            let by_code = column(Column::StatusCode.name()).in_list(denied, false);
            let by_http =
                column(Column::HttpStatus.name()).in_list(vec![lit(401), lit(403)], false);
            column(Column::ActionId.name()).eq(lit(2)).or(by_code).or(by_http)
        }
        _ => return Err(wrong()),
    })
}

/// AWS error codes that mean "not allowed".
static DENIED_CODES: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "Client.UnauthorizedOperation",
    "UnauthorizedOperation",
    "UnauthorizedAccess",
    "AuthorizationError",
];

struct Context<'a> {
    name: &'a str,
    name_span: &'a Range<usize>,
    now_micros: i64,
}

impl Context<'_> {
    fn column(&self, which: Column, test: &Test) -> Result<Expr, SearchError> {
        let expr = column(which.name());
        if *test == Test::Exists {
            return Ok(expr.is_not_null());
        }
        match which.spec().kind {
            Kind::Text if matches!(which, Column::SrcIp | Column::DstIp) => {
                self.address(expr, test)
            }
            Kind::Text if which == Column::Service => self.service(expr, test),
            Kind::Text => self.text(expr, test),
            Kind::Bytes => {
                Err(SearchError::new("`raw` is searched with words", self.name_span.clone())
                    .hint("write the word alone, or in quotes"))
            }
            Kind::TextList => match test {
                Test::Is(value) => Ok(array_has(expr, lit(value.text.clone()))),
                _ => Err(self.refuse("a list is only tested for a value that it holds")),
            },
            Kind::Int32 | Kind::Int64 => {
                self.compare(expr, test, &|value| self.number(which, value))
            }
            Kind::Bool => self.compare(expr, test, &|value| match value.text.as_str() {
                "true" | "yes" => Ok(lit(true)),
                "false" | "no" => Ok(lit(false)),
                _ => Err(SearchError::new(
                    format!("{} is true or false", self.name),
                    value.span.clone(),
                )),
            }),
            Kind::Time => self.compare(expr, test, &|value| {
                let micros = time::parse(&value.text, self.now_micros)
                    .map_err(|message| SearchError::new(message, value.span.clone()))?;
                Ok(lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into()))))
            }),
        }
    }

    fn refuse(&self, message: &str) -> SearchError {
        SearchError::new(message, self.name_span.clone())
    }

    fn compare(
        &self,
        expr: Expr,
        test: &Test,
        value: &dyn Fn(&Text) -> Result<Expr, SearchError>,
    ) -> Result<Expr, SearchError> {
        Ok(match test {
            Test::Exists => expr.is_not_null(),
            Test::Is(text) => expr.eq(value(text)?),
            Test::Compare(comparison, text) => compared(expr, *comparison, value(text)?),
            Test::Between(low, high) => expr.between(value(low)?, value(high)?),
        })
    }

    fn number(&self, column: Column, value: &Text) -> Result<Expr, SearchError> {
        let named: &[(&str, i64)] = match column {
            Column::SeverityId => SEVERITIES,
            Column::ClassUid => CLASSES,
            _ => &[],
        };
        if let Some((_, number)) = named.iter().find(|(name, _)| *name == value.text) {
            return Ok(lit(*number));
        }
        value.text.parse::<i64>().map(lit).map_err(|_| {
            let error = SearchError::new(
                format!("{} is a number, `{}` is none", self.name, value.text),
                value.span.clone(),
            );
            if named.is_empty() {
                return error;
            }
            let names: Vec<_> = named.iter().map(|(name, _)| *name).collect();
            error.hint(format!("or one of {}", names.join(", ")))
        })
    }

    fn text(&self, expr: Expr, test: &Test) -> Result<Expr, SearchError> {
        if let Test::Is(value) = test
            && !value.quoted
            && value.text.contains(['*', '?'])
        {
            return Ok(call(functions::has_pattern(), vec![expr, lit(value.text.clone())]));
        }
        self.compare(expr, test, &|value| Ok(lit(value.text.clone())))
    }

    /// `service:s3` also finds `s3.amazonaws.com`: values are stored as the source has them.
    fn service(&self, expr: Expr, test: &Test) -> Result<Expr, SearchError> {
        match test {
            Test::Is(value) if !value.quoted && !value.text.contains(['*', '?', '.']) => {
                let full = format!("{}.amazonaws.com", value.text);
                Ok(expr.in_list(vec![lit(value.text.clone()), lit(full)], false))
            }
            _ => self.text(expr, test),
        }
    }

    fn address(&self, expr: Expr, test: &Test) -> Result<Expr, SearchError> {
        match test {
            Test::Is(value) if value.text.contains('/') => {
                functions::parse_network(&value.text).ok_or_else(|| {
                    SearchError::new(format!("`{}` is no network", value.text), value.span.clone())
                        .hint("a network is written `203.0.113.0/24` or `2001:db8::/32`")
                })?;
                Ok(call(functions::ip_in(), vec![expr, lit(value.text.clone())]))
            }
            Test::Is(value) => {
                // Addresses are stored in canonical form, so the question is put in it too.
                let canonical = value.text.parse::<std::net::IpAddr>();
                let text = canonical.map_or(value.text.clone(), |ip| ip.to_canonical().to_string());
                self.text(expr, &Test::Is(Text { text, ..value.clone() }))
            }
            _ => self.text(expr, test),
        }
    }
}

fn compared(left: Expr, comparison: Comparison, right: Expr) -> Expr {
    match comparison {
        Comparison::Less => left.lt(right),
        Comparison::LessOrEqual => left.lt_eq(right),
        Comparison::Greater => left.gt(right),
        Comparison::GreaterOrEqual => left.gt_eq(right),
    }
}

/// OCSF 1.8.0 severities.
static SEVERITIES: &[(&str, i64)] = &[
    ("unknown", 0),
    ("informational", 1),
    ("info", 1),
    ("low", 2),
    ("medium", 3),
    ("high", 4),
    ("critical", 5),
    ("fatal", 6),
];

/// OCSF 1.8.0 classes that Stele fills.
static CLASSES: &[(&str, i64)] = &[
    ("account_change", 3001),
    ("authentication", 3002),
    ("entity_management", 3004),
    ("network_activity", 4001),
    ("http_activity", 4002),
    ("dns_activity", 4003),
    ("api_activity", 6003),
    ("datastore_activity", 6005),
    ("detection_finding", 2004),
];
