//! From a test of a field to a filter, by the type of the field.
//!
//! Texts are compared exactly (case counts), so that statistics and bloom filters can leave files
//! out; patterns and regular expressions look at the text itself. Numbers, times, truth values and
//! addresses are checked here, so that a value of the wrong type is a mistake and not an empty
//! answer.

use std::net::IpAddr;

use arrow::datatypes::{DataType, TimeUnit};
use chrono::DateTime;
use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{Expr, ident, lit, try_cast};
use datafusion::scalar::ScalarValue;
use stele_event::{Column, Kind};

use super::functions::network::Network;
use super::functions::{self, pattern};
use super::plan::{SearchContext, words_filter, wrong};
use super::syntax::{Bound, Comparison, Name, Test, Text};
use super::{SearchError, names, time};

/// Codes by which a service says that the caller was not allowed to do it. AWS API references,
/// "Common Errors", and the codes of IAM, S3, EC2, KMS, SNS, Cognito and VPC endpoints.
pub static DENIED_CODES: &[&str] = &[
    "AccessDenied",
    "AccessDeniedException",
    "AccessDeniedFault",
    "AuthorizationError",
    "AuthorizationErrorException",
    "Client.UnauthorizedOperation",
    "KMS.AccessDeniedException",
    "NotAuthorized",
    "NotAuthorizedException",
    "Unauthorized",
    "UnauthorizedAccess",
    "UnauthorizedException",
    "UnauthorizedOperation",
    "VpceAccessDenied",
];
/// RFC 9110, sections 15.5.2 and 15.5.4: unauthorized, forbidden.
const DENIED_HTTP_STATUSES: [i32; 2] = [401, 403];

/// A field of the query, and what it must be.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldTest<'a> {
    pub(super) name: &'a Name,
    pub(super) test: &'a Test,
    pub(super) ctx: &'a SearchContext<'a>,
}

/// What a value of the query stands for on the scale of a column.
enum Point {
    Exact(Expr),
    /// From the first on and before the second.
    Stretch(Expr, Expr),
}

type PointOf<'a> = dyn Fn(&Text) -> Result<Point, SearchError> + 'a;

impl FieldTest<'_> {
    /// The shorthand `outcome`.
    pub(super) fn outcome(&self) -> Result<Expr, SearchError> {
        let wrong = |span| {
            SearchError::new("an outcome is `success`, `failure` or `denied`", span)
                .hint("write `outcome:denied`, or `outcome:(failure OR denied)`")
        };
        let Test::Is(value) = self.test else { return Err(wrong(self.name.span.clone())) };
        let status = |id: i32| ident(Column::StatusId.name()).eq(lit(id));
        match value.text.to_lowercase().as_str() {
            "success" => Ok(status(1)),
            "failure" => Ok(status(2)),
            "denied" => {
                let codes = DENIED_CODES.iter().map(|code| lit(*code)).collect();
                let by_code = ident(Column::StatusCode.name()).in_list(codes, false);
                let statuses = DENIED_HTTP_STATUSES.map(lit).to_vec();
                let by_http = ident(Column::HttpStatus.name()).in_list(statuses, false);
                let by_action = ident(Column::ActionId.name()).eq(lit(2));
                Ok(by_action.or(status(2).and(by_code)).or(by_http))
            }
            _ => Err(wrong(value.span.clone())),
        }
    }

    /// A partition column: a text, or the receive day.
    pub(super) fn partition(&self, name: &str) -> Result<Expr, SearchError> {
        let is_pattern = matches!(self.test, Test::Is(text) if text.pattern.is_some());
        if name != crate::schema::DAY || is_pattern {
            return self.text(ident(name));
        }
        self.compare(ident(name), &|value| {
            let start = self.interval(value, 0)?.start;
            let day = DateTime::from_timestamp_micros(start).map(|day| day.format("%Y-%m-%d"));
            let day = day.ok_or_else(|| self.mistake(value, "is no day"))?;
            Ok(Point::Exact(lit(day.to_string())))
        })
    }

    /// A column of the table.
    pub(super) fn column(&self, column: Column) -> Result<Expr, SearchError> {
        let expr = ident(column.name());
        match column.spec().kind {
            _ if *self.test == Test::Exists => Ok(expr.is_not_null()),
            Kind::Bytes => self.bytes(expr),
            Kind::TextList => self.list(expr),
            Kind::Text if matches!(column, Column::SrcIp | Column::DstIp) => self.address(expr),
            Kind::Text if column == Column::Service => self.service(expr),
            Kind::Text => self.text(expr),
            Kind::Int32 | Kind::Int64 => {
                self.compare(expr, &|value| self.number(column, value).map(Point::Exact))
            }
            Kind::Bool => self.compare(expr, &|value| match value.text.to_lowercase().as_str() {
                "true" | "yes" => Ok(Point::Exact(lit(true))),
                "false" | "no" => Ok(Point::Exact(lit(false))),
                _ => Err(self.mistake(value, "is neither `true` nor `false`")),
            }),
            Kind::Time => self.compare(expr, &|value| self.time(value)),
        }
    }

    /// A path into the JSON object that a column holds; its values are texts, which are compared
    /// as numbers or times where the query compares them with such.
    pub(super) fn path(&self, column: Column, path: &str) -> Result<Expr, SearchError> {
        functions::check_path(path).map_err(wrong(&self.name.span))?;
        let value = functions::raw_get().call(vec![ident(column.name()), lit(path)]);
        match self.test {
            Test::Is(text) if !text.quoted && text.text.contains('/') => {
                let equal = self.text(value.clone())?;
                let Some(_) = Network::parse(&text.text) else { return Ok(equal) };
                let inside = functions::ip_in().call(vec![value, lit(text.text.as_str())]);
                Ok(equal.or(inside))
            }
            Test::Compare(_, text) => self.path_compared(value, &[text]),
            Test::Between(low, high) => {
                let ends: Vec<&Text> =
                    [low, high].into_iter().flatten().map(|b| &b.value).collect();
                self.path_compared(value, &ends)
            }
            _ => self.text(value),
        }
    }

    fn path_compared(&self, value: Expr, with: &[&Text]) -> Result<Expr, SearchError> {
        let number = |text: &Text| {
            let number = text.text.parse::<f64>().ok().filter(|number| number.is_finite());
            number.filter(|_| !text.quoted)
        };
        if with.iter().all(|text| number(text).is_some()) {
            let value = try_cast(value, DataType::Float64);
            return self.compare(value, &|text| match number(text) {
                Some(number) => Ok(Point::Exact(lit(number))),
                None => Err(self.mistake(text, "is no number")),
            });
        }
        if with.iter().all(|text| self.time(text).is_ok()) {
            let kind = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
            return self.compare(try_cast(value, kind), &|text| self.time(text));
        }
        self.text(value)
    }

    /// The raw record itself: words, and regular expressions over it.
    fn bytes(&self, expr: Expr) -> Result<Expr, SearchError> {
        match self.test {
            Test::Is(text) => words_filter(text),
            Test::Matches(_) => self.text(expr),
            _ => Err(SearchError::new("a raw record cannot be compared", self.name.span.clone())
                .hint("search it for a word, or name a path such as `raw.name:>10`")),
        }
    }

    fn list(&self, expr: Expr) -> Result<Expr, SearchError> {
        match self.test {
            Test::Is(text) if text.pattern.is_none() => {
                Ok(array_has(expr, lit(text.text.as_str())))
            }
            Test::Is(_) | Test::Matches(_) | Test::Exists => self.text(expr),
            Test::Compare(..) | Test::Between(..) => {
                let message = format!("`{}` is a list, which cannot be compared", self.name.text);
                Err(SearchError::new(message, self.name.span.clone()))
            }
        }
    }

    fn text(&self, expr: Expr) -> Result<Expr, SearchError> {
        match self.test {
            Test::Is(Text { pattern: Some(pattern), span, .. }) => {
                pattern::glob(pattern).map_err(wrong(span))?;
                Ok(functions::has_pattern().call(vec![expr, lit(pattern.as_str())]))
            }
            Test::Matches(Text { text, span, .. }) => {
                pattern::regex(text).map_err(wrong(span))?;
                Ok(functions::has_regex().call(vec![expr, lit(text.as_str())]))
            }
            _ => self.compare(expr, &|value| Ok(Point::Exact(lit(value.text.as_str())))),
        }
    }

    /// `service:s3` also finds `s3.amazonaws.com`: values are stored as the source has them.
    fn service(&self, expr: Expr) -> Result<Expr, SearchError> {
        match self.test {
            Test::Is(Text { text, pattern: None, quoted: false, .. }) if !text.contains('.') => {
                let full = format!("{text}.amazonaws.com");
                Ok(expr.in_list(vec![lit(text.as_str()), lit(full)], false))
            }
            _ => self.text(expr),
        }
    }

    fn address(&self, expr: Expr) -> Result<Expr, SearchError> {
        let Test::Is(value) = self.test else {
            return match self.test {
                Test::Matches(_) => self.text(expr),
                _ => Err(SearchError::new("addresses have no order", self.name.span.clone())
                    .hint("write a network: `203.0.113.0/24`")),
            };
        };
        if value.pattern.is_some() {
            return self.text(expr);
        }
        // Addresses are stored in canonical form, so the question is put in it too.
        if let Ok(address) = value.text.parse::<IpAddr>() {
            return Ok(expr.eq(lit(address.to_canonical().to_string())));
        }
        if Network::parse(&value.text).is_some() {
            return Ok(functions::ip_in().call(vec![expr, lit(value.text.as_str())]));
        }
        let what = if value.text.contains('/') { "is no network" } else { "is no IP address" };
        Err(self.mistake(value, what).hint(
            "write `203.0.113.7`, `203.0.113.0/24`, `203.0.*` or `2001:db8::/32`; names are in \
             `src_name` and `dst_name`",
        ))
    }

    fn number(&self, column: Column, value: &Text) -> Result<Expr, SearchError> {
        let number = names::number(column, &value.text).or_else(|| value.text.parse().ok());
        let Some(number) = number else {
            let words: Vec<&str> = names::of_column(column).iter().map(|(word, _)| *word).collect();
            return Err(match &words[..] {
                [] => self.mistake(value, "is no whole number"),
                words if words.len() > 20 => self.mistake(value, "is no known name and no number"),
                words => self
                    .mistake(value, "is no known name and no number")
                    .hint(format!("the names are {}", words.join(", "))),
            });
        };
        if column == Column::StatusId && (100..600).contains(&number) {
            return Err(self
                .mistake(value, "is no status of an event")
                .hint(format!("did you mean `http_status:{number}`?")));
        }
        // A number outside of the column's range is still compared rightly, in 64 bits.
        Ok(match (column.spec().kind, i32::try_from(number)) {
            (Kind::Int32, Ok(number)) => lit(number),
            _ => lit(number),
        })
    }

    fn time(&self, value: &Text) -> Result<Point, SearchError> {
        let interval = self.interval(value, self.ctx.zone_offset_seconds)?;
        let at = |micros| lit(ScalarValue::TimestampMicrosecond(Some(micros), Some("UTC".into())));
        Ok(match interval.end - interval.start {
            ..=1 => Point::Exact(at(interval.start)),
            _ => Point::Stretch(at(interval.start), at(interval.end)),
        })
    }

    fn interval(&self, value: &Text, zone: i32) -> Result<std::ops::Range<i64>, SearchError> {
        time::interval(&value.text, self.ctx.now_micros, zone)
            .map_err(|error| SearchError::new(error.message, value.span.clone()).hint(error.hint))
    }

    /// Equality, comparisons and ranges on one scale.
    fn compare(&self, expr: Expr, point_of: &PointOf<'_>) -> Result<Expr, SearchError> {
        let point = |value: &Text| match value.pattern {
            None => point_of(value),
            Some(_) => Err(self
                .mistake(value, "holds a wildcard, which has no place here")
                .hint(format!("write a range: `{}:[low TO high]`", self.name.text))),
        };
        match self.test {
            Test::Exists | Test::Between(None, None) => Ok(expr.is_not_null()),
            Test::Matches(text) => {
                Err(self.mistake(text, "is a regular expression, which only texts can match"))
            }
            Test::Is(value) => Ok(match point(value)? {
                Point::Exact(value) => expr.eq(value),
                Point::Stretch(start, end) => expr.clone().gt_eq(start).and(expr.lt(end)),
            }),
            Test::Compare(comparison, value) => Ok(compared(expr, *comparison, point(value)?)),
            Test::Between(low, high) => {
                let side = |bound: &Option<Bound>, [inside, outside]: [Comparison; 2]| {
                    let Some(Bound { value, included }) = bound else { return Ok(None) };
                    let comparison = if *included { inside } else { outside };
                    Ok(Some(compared(expr.clone(), comparison, point(value)?)))
                };
                let low = side(low, [Comparison::GreaterOrEqual, Comparison::Greater])?;
                let high = side(high, [Comparison::LessOrEqual, Comparison::Less])?;
                Ok(match (low, high) {
                    (Some(low), Some(high)) => low.and(high),
                    (Some(one), None) | (None, Some(one)) => one,
                    (None, None) => expr.is_not_null(),
                })
            }
        }
    }

    fn mistake(&self, value: &Text, what: &str) -> SearchError {
        let message = format!("`{}` {what}, asked of `{}`", value.text, self.name.text);
        SearchError::new(message, value.span.clone())
    }
}

fn compared(expr: Expr, comparison: Comparison, point: Point) -> Expr {
    match (comparison, point) {
        (Comparison::Less, Point::Exact(value) | Point::Stretch(value, _)) => expr.lt(value),
        (Comparison::LessOrEqual, Point::Exact(value)) => expr.lt_eq(value),
        (Comparison::LessOrEqual, Point::Stretch(_, end)) => expr.lt(end),
        (Comparison::Greater, Point::Exact(value)) => expr.gt(value),
        (Comparison::Greater, Point::Stretch(_, end)) => expr.gt_eq(end),
        (Comparison::GreaterOrEqual, Point::Exact(value) | Point::Stretch(value, _)) => {
            expr.gt_eq(value)
        }
    }
}
