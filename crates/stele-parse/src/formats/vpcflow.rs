//! Amazon VPC Flow Logs, as text: default or custom fields, with or without a header line.
//!
//! Amazon VPC user guide, "Flow log records" (fields of versions 2 to 11). Objects on S3 begin with
//! a header that names the fields; CloudWatch has none, and then the default of version 2 is
//! assumed. `-` is "no value". `start` is the beginning of the aggregation window.

use serde_json::{Map, Value};
use stele_event::{Column, RowWriter, SourceField};

use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Span, Splitter};
use crate::lines::LineSplitter;
use crate::values::{self, not_dash};

/// The format; see the module.
#[derive(Debug)]
pub struct VpcFlow;

const ID: &str = "vpcflow";

/// The default of version 2.
const DEFAULT_FIELDS: &str = "version account-id interface-id srcaddr dstaddr srcport dstport \
                              protocol packets bytes start end action log-status";

impl Format for VpcFlow {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "Amazon VPC Flow Logs, text (default or custom fields, versions 2 to 11)"
    }

    fn detect(&self, hint: &Hint<'_>, head: &[u8]) -> Confidence {
        let head = String::from_utf8_lossy(&head[..head.len().min(4_096)]);
        let Some(line) = head.lines().find(|line| !line.trim().is_empty()) else {
            return Confidence(0);
        };
        let keyed = hint.path.is_some_and(|path| path.contains("/vpcflowlogs/"));
        if is_header(line) {
            return Confidence(95);
        }
        let parts: Vec<&str> = line.split_ascii_whitespace().collect();
        let like_default = parts.len() == 14
            && parts[0] == "2"
            && matches!(parts[12], "ACCEPT" | "REJECT" | "-")
            && matches!(parts[13], "OK" | "NODATA" | "SKIPDATA");
        Confidence(if like_default { 92 } else if keyed { 60 } else { 0 })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(FlowSplitter {
            lines: LineSplitter::new(record_bytes_max),
            header: Vec::new(),
            begun: false,
        })
    }

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        let header = std::str::from_utf8(context.header).ok().filter(|h| !h.is_empty());
        let names = header.unwrap_or(DEFAULT_FIELDS).split_ascii_whitespace();
        Box::new(FlowMapper { fields: names.map(field_name).collect() })
    }

    fn fields(&self) -> &'static [SourceField] {
        FIELDS
    }
}

const fn field(name: &'static str, column: Column, lossless: bool) -> SourceField {
    SourceField { format: ID, name, column, lossless }
}

// The raw record is no JSON that could be asked by path, so the column always answers.
static FIELDS: &[SourceField] = &[
    field("srcaddr", Column::SrcIp, true),
    field("dstaddr", Column::DstIp, true),
    field("srcport", Column::SrcPort, true),
    field("dstport", Column::DstPort, true),
    field("protocol", Column::ProtocolNum, true),
    field("action", Column::Operation, true),
    field("account-id", Column::AccountUid, true),
    field("interface-id", Column::InterfaceUid, true),
    field("vpc-id", Column::VpcUid, true),
    field("log-status", Column::StatusDetail, true),
];

/// Header names with underscores (Parquet, CSV) and the names that a guide of AWS uses by mistake.
fn field_name(name: &str) -> String {
    match name.replace('_', "-").as_str() {
        "windowstart" => "start".to_owned(),
        "windowend" => "end".to_owned(),
        name => name.to_owned(),
    }
}

fn is_header(line: &str) -> bool {
    let names: Vec<String> = line.split_ascii_whitespace().map(field_name).collect();
    let has = |name: &str| names.iter().any(|n| n == name);
    names.len() > 1
        && (has("srcaddr") || has("pkt-srcaddr") || has("interface-id") || has("tgw-id"))
        && (has("dstaddr") || has("start") || has("action") || has("bytes"))
}

struct FlowSplitter {
    lines: LineSplitter,
    header: Vec<u8>,
    begun: bool,
}

impl Splitter for FlowSplitter {
    fn split(&mut self, buffer: &[u8], at_end: bool, spans: &mut Vec<Span>) -> usize {
        let before = spans.len();
        let consumed = self.lines.split(buffer, at_end, spans);
        if !self.begun && spans.len() > before {
            self.begun = true;
            let first = spans[before];
            let line = &buffer[first.start..first.end];
            if std::str::from_utf8(line).is_ok_and(is_header) {
                self.header = line.to_vec();
                spans.remove(before);
            }
        }
        consumed
    }

    fn context(&self) -> &[u8] {
        &self.header
    }
}

struct FlowMapper {
    fields: Vec<String>,
}

impl Mapper for FlowMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let Ok(line) = std::str::from_utf8(record) else {
            return Mapped::Failed("not UTF-8".into());
        };
        let values: Vec<&str> = line.split_ascii_whitespace().collect();
        if values.len() != self.fields.len() {
            return Mapped::Failed(format!(
                "{} values where the header names {}",
                values.len(),
                self.fields.len()
            ));
        }
        let flow = Flow { fields: &self.fields, values: &values };
        match flow.fill(row) {
            Ok(()) => Mapped::Ok,
            Err(reason) => Mapped::Failed(reason),
        }
    }
}

struct Flow<'a> {
    fields: &'a [String],
    values: &'a [&'a str],
}

impl Flow<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        let index = self.fields.iter().position(|field| field == name)?;
        not_dash(self.values[index])
    }

    fn number(&self, name: &str) -> Result<Option<i64>, String> {
        self.get(name)
            .map(|v| v.parse().map_err(|_| format!("{name} `{v}` is no number")))
            .transpose()
    }

    fn fill(&self, row: &mut RowWriter<'_>) -> Result<(), String> {
        row.set_int32(Column::ClassUid, 4001);
        row.set_int32(Column::ActivityId, 6);
        row.set_int32(Column::SeverityId, 1);
        for (name, column) in [
            ("srcport", Column::SrcPort),
            ("dstport", Column::DstPort),
            ("protocol", Column::ProtocolNum),
        ] {
            if let Some(value) = self.number(name)? {
                row.set_int32(column, value.clamp(0, i64::from(i32::MAX)) as i32);
            }
        }
        for (name, column) in [("bytes", Column::Bytes), ("packets", Column::Packets)] {
            if let Some(value) = self.number(name)? {
                row.set_int64(column, value);
            }
        }
        let (start, end) = (self.number("start")?, self.number("end")?);
        if let Some(start) = start {
            row.set_time(Column::Time, start.saturating_mul(1_000_000));
        }
        if let Some(end) = end {
            row.set_time(Column::TimeEnd, end.saturating_mul(1_000_000));
        }
        if let (Some(start), Some(end)) = (start, end) {
            row.set_int64(Column::DurationMs, end.saturating_sub(start).saturating_mul(1_000));
        }
        self.fill_addresses(row)?;
        for (name, column) in [
            ("account-id", Column::AccountUid),
            ("interface-id", Column::InterfaceUid),
            ("vpc-id", Column::VpcUid),
            ("region", Column::Region),
            ("action", Column::Operation),
            ("log-status", Column::StatusDetail),
        ] {
            row.set_text_opt(column, self.get(name));
        }
        self.fill_verdict(row);
        self.fill_rest(row);
        Ok(())
    }

    /// The packet's own addresses where they are logged: those of the interface are then hops.
    fn fill_addresses(&self, row: &mut RowWriter<'_>) -> Result<(), String> {
        for (packet, interface, column) in [
            ("pkt-srcaddr", "srcaddr", Column::SrcIp),
            ("pkt-dstaddr", "dstaddr", Column::DstIp),
        ] {
            if let Some(value) = self.get(packet).or(self.get(interface)) {
                let ip = values::ip(value).ok_or(format!("{interface} `{value}` is no address"))?;
                row.set_text(column, &ip);
            }
        }
        let instance = if self.get("flow-direction") == Some("egress") {
            Column::SrcInstanceUid
        } else {
            Column::DstInstanceUid
        };
        row.set_text_opt(instance, self.get("instance-id"));
        Ok(())
    }

    fn fill_verdict(&self, row: &mut RowWriter<'_>) {
        match self.get("action") {
            Some("ACCEPT") => {
                row.set_int32(Column::ActionId, 1);
                row.set_int32(Column::DispositionId, 1);
                row.set_int32(Column::StatusId, 1);
            }
            Some("REJECT") => {
                row.set_int32(Column::ActivityId, 5);
                row.set_int32(Column::ActionId, 2);
                row.set_int32(Column::DispositionId, 2);
                row.set_int32(Column::StatusId, 2);
            }
            _ => {}
        }
        match self.get("flow-direction") {
            Some("ingress") => row.set_int32(Column::DirectionId, 1),
            Some("egress") => row.set_int32(Column::DirectionId, 2),
            _ => {}
        }
    }

    fn fill_rest(&self, row: &mut RowWriter<'_>) {
        const PLACED: &[&str] = &[
            "srcport", "dstport", "protocol", "bytes", "packets", "start", "end", "account-id",
            "interface-id", "vpc-id", "region", "action", "log-status", "version",
            "flow-direction", "instance-id", "pkt-srcaddr", "pkt-dstaddr",
        ];
        let hop = self.get("pkt-srcaddr").is_some() || self.get("pkt-dstaddr").is_some();
        let rest: Map<String, Value> = self
            .fields
            .iter()
            .zip(self.values)
            .filter(|(name, _)| {
                let address = matches!(name.as_str(), "srcaddr" | "dstaddr");
                if address { hop } else { !PLACED.contains(&name.as_str()) }
            })
            .filter_map(|(name, value)| Some((name.clone(), Value::from(not_dash(value)?))))
            .collect();
        if !rest.is_empty() {
            row.set_text(Column::Unmapped, &Value::Object(rest).to_string());
        }
    }
}
