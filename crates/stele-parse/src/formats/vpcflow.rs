//! Amazon VPC and Transit Gateway Flow Logs, as text: default or custom fields, with or without a
//! header line.
//!
//! Amazon VPC user guide, "Flow log records" (fields of versions 2 to 11). Objects on S3 begin with
//! a header that names the fields; CloudWatch has none, and then a default is assumed, which only
//! fits records that were not customised. `-` is "no value". `start` is the beginning of the
//! aggregation window.

mod fields;
mod flow;

use stele_event::{Column, RowWriter, SourceField};

use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Span, Splitter};
use crate::lines::LineSplitter;
use crate::values;
use fields::{Field, is_header};
use flow::Flow;

/// The format; see the module.
#[derive(Debug)]
pub struct VpcFlow;

const ID: &str = "vpcflow";

impl Format for VpcFlow {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "Amazon VPC and Transit Gateway Flow Logs, text (default or custom fields, versions 2 to 11)"
    }

    fn detect(&self, hint: &Hint<'_>, head: &[u8]) -> Confidence {
        let head = String::from_utf8_lossy(&head[..head.len().min(4_096)]);
        let head = head.strip_prefix('\u{feff}').unwrap_or(&head);
        let Some(line) = head.lines().find(|line| !line.trim().is_empty()) else {
            return Confidence(0);
        };
        if is_header(line) {
            return Confidence(95);
        }
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let keyed = hint.path.is_some_and(|path| path.contains("/vpcflowlogs/"));
        let defaults = Defaults::default();
        let by_default = defaults.flow(&words).is_some();
        let text = !line.starts_with(['{', '[']);
        Confidence(if by_default {
            92
        } else if keyed && text {
            60
        } else {
            0
        })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        let lines = LineSplitter::new(record_bytes_max);
        Box::new(FlowSplitter { lines, header: Vec::new(), begun: false })
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        let header = std::str::from_utf8(context.header).unwrap_or_default();
        if header.is_empty() {
            Box::new(DefaultMapper(Defaults::default()))
        } else {
            Box::new(HeaderMapper { fields: fields::parse(header) })
        }
    }

    fn fields(&self) -> &'static [SourceField] {
        FIELDS
    }
}

const fn field(name: &'static str, column: Column) -> SourceField {
    // The raw record is no JSON that could be asked by path, so the column always answers. It is
    // the packet's own address where the record has it beside the interface's, which only differs
    // behind gateways.
    SourceField { format: ID, name, column, lossless: true }
}

static FIELDS: &[SourceField] = &[
    field("srcaddr", Column::SrcIp),
    field("dstaddr", Column::DstIp),
    field("pkt-srcaddr", Column::SrcIp),
    field("pkt-dstaddr", Column::DstIp),
    field("srcport", Column::SrcPort),
    field("dstport", Column::DstPort),
    field("protocol", Column::ProtocolNum),
    field("packets", Column::Packets),
    field("bytes", Column::Bytes),
    field("start", Column::Time),
    field("end", Column::TimeEnd),
    field("action", Column::Operation),
    field("account-id", Column::AccountUid),
    field("interface-id", Column::InterfaceUid),
    field("vpc-id", Column::VpcUid),
    field("region", Column::Region),
    field("log-status", Column::StatusCode),
];

struct FlowSplitter {
    lines: LineSplitter,
    header: Vec<u8>,
    begun: bool,
}

impl Splitter for FlowSplitter {
    fn split(&mut self, buffer: &[u8], at_end: bool, spans: &mut Vec<Span>) -> usize {
        let before = spans.len();
        let consumed = self.lines.split(buffer, at_end, spans);
        let line = |span: Span| {
            let line = &buffer[span.start..span.end];
            line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)
        };
        if !self.begun && spans.len() > before {
            self.begun = true;
            let first = line(spans[before]);
            if std::str::from_utf8(first).is_ok_and(is_header) {
                self.header = first.to_vec();
            }
        }
        if !self.header.is_empty() {
            // Objects that were joined repeat their header.
            let mut index = 0;
            spans.retain(|span| {
                index += 1;
                index <= before || line(*span) != self.header
            });
        }
        consumed
    }

    fn context(&self) -> &[u8] {
        &self.header
    }
}

/// Maps records whose fields a header names.
struct HeaderMapper {
    fields: Vec<Field>,
}

impl Mapper for HeaderMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let Ok(line) = std::str::from_utf8(record) else {
            return Mapped::Failed("not UTF-8".into());
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let values = after_timestamp(&words, self.fields.len());
        if values.len() != self.fields.len() {
            let (values, names) = (values.len(), self.fields.len());
            return Mapped::Failed(format!("{values} values where the header names {names}"));
        }
        let flow = Flow::read(&self.fields, values);
        if flow.understood == 0 && !flow.refused.is_empty() {
            return Mapped::Failed(format!("no value fits the header: {}", flow.problem()));
        }
        flow.fill(row);
        if flow.refused.is_empty() { Mapped::Ok } else { Mapped::Partial(flow.problem()) }
    }
}

/// The orders that are assumed without a header.
struct Defaults {
    version_2: Vec<Field>,
    transit_gateway: Vec<Field>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            version_2: fields::parse(fields::DEFAULT),
            transit_gateway: fields::parse(fields::TRANSIT_GATEWAY),
        }
    }
}

impl Defaults {
    /// Reads a record that fits a default in every value; only then is the assumption safe.
    fn flow<'a>(&'a self, words: &'a [&'a str]) -> Option<Flow<'a>> {
        [&self.version_2, &self.transit_gateway].into_iter().find_map(|fields| {
            let values = after_timestamp(words, fields.len());
            let fits = values.len() == fields.len()
                && values[0].bytes().all(|byte| byte.is_ascii_digit())
                && (fields.len() == self.version_2.len()
                    || values[1].starts_with("TransitGateway"));
            let flow = fits.then(|| Flow::read(fields, values))?;
            (flow.refused.is_empty() && flow.log_status.is_some()).then_some(flow)
        })
    }
}

struct DefaultMapper(Defaults);

impl Mapper for DefaultMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let Ok(line) = std::str::from_utf8(record) else {
            return Mapped::Failed("not UTF-8".into());
        };
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match self.0.flow(&words) {
            Some(flow) => {
                flow.fill(row);
                Mapped::Ok
            }
            None => Mapped::Failed(format!(
                "{} values without a header, and not in the default order",
                words.len()
            )),
        }
    }
}

/// The values without the timestamp that exports from CloudWatch put in front.
fn after_timestamp<'a, 'b>(words: &'a [&'b str], wanted: usize) -> &'a [&'b str] {
    match words {
        [stamp, values @ ..]
            if values.len() == wanted && values::rfc3339_micros(stamp).is_some() =>
        {
            values
        }
        _ => words,
    }
}

#[cfg(test)]
mod tests;
