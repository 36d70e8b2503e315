//! One flow record, read value by value, and the columns that it fills.

use std::borrow::Cow;

use serde_json::{Map, Value, json};
use stele_event::{Column, RowWriter};

use super::fields::Field;
use crate::values;

/// OCSF 1.8.0 Network Activity, and its activities for traffic and for refused connections.
const NETWORK_ACTIVITY: i32 = 4001;
const REFUSE: i32 = 5;
const TRAFFIC: i32 = 6;

/// A record, read. A value that is not what its field holds is listed as refused.
#[derive(Debug, Default)]
pub(super) struct Flow<'a> {
    texts: Vec<(Column, &'a str)>,
    numbers: Vec<(Column, i64)>,
    source: Option<Cow<'a, str>>,
    destination: Option<Cow<'a, str>>,
    packet_source: Option<Cow<'a, str>>,
    packet_destination: Option<Cow<'a, str>>,
    start_micros: Option<i64>,
    end_micros: Option<i64>,
    instance: Option<&'a str>,
    accepted: Option<bool>,
    outbound: Option<bool>,
    /// OK, NODATA or SKIPDATA.
    pub(super) log_status: Option<&'a str>,
    others: Vec<(&'a str, &'a str)>,
    /// How many values are what their fields hold, texts aside.
    pub(super) understood: usize,
    /// Values that are not what their fields hold.
    pub(super) refused: Vec<&'a str>,
}

impl<'a> Flow<'a> {
    /// Reads the values, as many as there are fields.
    pub(super) fn read(fields: &'a [Field], values: &[&'a str]) -> Self {
        let mut flow = Self::default();
        for (field, value) in fields.iter().zip(values) {
            if let Some(value) = values::not_dash(value) {
                flow.take(field, value);
            }
        }
        flow
    }

    fn take(&mut self, field: &'a Field, value: &'a str) {
        let understood = match field {
            Field::Version => true,
            Field::Account => return self.texts.push((Column::AccountUid, value)),
            Field::Interface => return self.texts.push((Column::InterfaceUid, value)),
            Field::Vpc => return self.texts.push((Column::VpcUid, value)),
            Field::Region => return self.texts.push((Column::Region, value)),
            Field::Instance => return self.instance = Some(value),
            Field::Other(name) => return self.others.push((name, value)),
            Field::Source => keep(&mut self.source, values::ip_text(value)),
            Field::Destination => keep(&mut self.destination, values::ip_text(value)),
            Field::PacketSource => keep(&mut self.packet_source, values::ip_text(value)),
            Field::PacketDestination => keep(&mut self.packet_destination, values::ip_text(value)),
            Field::SourcePort => self.number(Column::SrcPort, value, u16::MAX.into()),
            Field::DestinationPort => self.number(Column::DstPort, value, u16::MAX.into()),
            Field::Protocol => self.number(Column::ProtocolNum, value, u8::MAX.into()),
            Field::Packets => self.number(Column::Packets, value, i64::MAX),
            Field::Bytes => self.number(Column::Bytes, value, i64::MAX),
            Field::Start => keep(&mut self.start_micros, values::epoch_seconds_micros(value)),
            Field::End => keep(&mut self.end_micros, values::epoch_seconds_micros(value)),
            Field::Action => {
                self.texts.push((Column::Operation, value));
                keep(&mut self.accepted, either(value, "ACCEPT", "REJECT"))
            }
            Field::Direction => keep(&mut self.outbound, either(value, "egress", "ingress")),
            Field::LogStatus => {
                self.texts.push((Column::StatusCode, value));
                let known = matches!(value, "OK" | "NODATA" | "SKIPDATA");
                keep(&mut self.log_status, known.then_some(value))
            }
        };
        if understood {
            self.understood += 1;
        } else {
            self.refused.push(value);
        }
    }

    fn number(&mut self, column: Column, value: &str, max: i64) -> bool {
        let number = value.parse::<i64>().ok().filter(|number| (0..=max).contains(number));
        self.numbers.extend(number.map(|number| (column, number)));
        number.is_some()
    }

    /// What was refused, for people.
    pub(super) fn problem(&self) -> String {
        format!("not what their fields hold: {}", self.refused.join(", "))
    }

    /// Fills the columns.
    pub(super) fn fill(&self, row: &mut RowWriter<'_>) {
        row.set_int32(Column::ClassUid, NETWORK_ACTIVITY);
        row.set_int32(Column::SeverityId, 1);
        for (column, text) in &self.texts {
            row.set_text(*column, text);
        }
        for (column, number) in &self.numbers {
            match column {
                Column::Packets | Column::Bytes => row.set_int64(*column, *number),
                _ => row.set_int32(*column, *number as i32),
            }
        }
        if let Some(start) = self.start_micros {
            row.set_time(Column::Time, start);
        }
        if let Some(end) = self.end_micros {
            row.set_time(Column::TimeEnd, end);
        }
        if let (Some(start), Some(end)) = (self.start_micros, self.end_micros)
            && let Some(micros) = end.checked_sub(start).filter(|micros| *micros >= 0)
        {
            row.set_int64(Column::DurationMs, micros / 1_000);
        }
        self.fill_verdict(row);
        self.fill_endpoints(row);
        if !self.others.is_empty() {
            let others: Map<String, Value> =
                self.others.iter().map(|(name, text)| ((*name).into(), (*text).into())).collect();
            row.set_text(Column::Unmapped, &Value::Object(others).to_string());
        }
    }

    /// A record without data (NODATA, SKIPDATA) is about no traffic, and has no activity.
    fn fill_verdict(&self, row: &mut RowWriter<'_>) {
        let no_data = matches!(self.log_status, Some("NODATA" | "SKIPDATA"));
        if let Some(accepted) = self.accepted {
            // Action and disposition: 1 allowed, 2 denied or blocked. Status: 1 success, 2 failure.
            let verdict = if accepted { 1 } else { 2 };
            row.set_int32(Column::ActionId, verdict);
            row.set_int32(Column::DispositionId, verdict);
            row.set_int32(Column::StatusId, verdict);
        }
        if self.accepted == Some(false) {
            row.set_int32(Column::ActivityId, REFUSE);
        } else if !no_data {
            row.set_int32(Column::ActivityId, TRAFFIC);
        }
    }

    /// The packet's own addresses where they are logged: those of the interface are then hops.
    fn fill_endpoints(&self, row: &mut RowWriter<'_>) {
        let mut hops = Map::new();
        for (packet, interface, column, path) in [
            (&self.packet_source, &self.source, Column::SrcIp, "src_endpoint.intermediate_ips"),
            (
                &self.packet_destination,
                &self.destination,
                Column::DstIp,
                "dst_endpoint.intermediate_ips",
            ),
        ] {
            let own = packet.as_deref().or(interface.as_deref());
            row.set_text_opt(column, own);
            if let Some(hop) = interface.as_deref().filter(|hop| own != Some(hop)) {
                hops.insert(path.into(), json!([hop]));
            }
        }
        if !hops.is_empty() {
            row.set_text(Column::Attrs, &Value::Object(hops).to_string());
        }
        if let Some(outbound) = self.outbound {
            row.set_int32(Column::DirectionId, if outbound { 2 } else { 1 });
        }
        let instance = match self.outbound {
            Some(true) => Column::SrcInstanceUid,
            _ => Column::DstInstanceUid,
        };
        row.set_text_opt(instance, self.instance);
    }
}

/// Keeps a value if there is one, and says whether there is.
fn keep<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let found = value.is_some();
    if found {
        *place = value;
    }
    found
}

fn either(value: &str, yes: &str, no: &str) -> Option<bool> {
    if value == yes { Some(true) } else { (value == no).then_some(false) }
}
