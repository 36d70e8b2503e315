//! AWS CloudTrail: management, data and Insight events, as `{"Records":[…]}`, as an array, one a
//! line, alone, or inside an EventBridge event.
//!
//! AWS CloudTrail user guide, "CloudTrail record contents". Records come in no order, to the
//! second, and up to twice with the same `eventID`. `sourceIPAddress` is often a service's name.

mod class;
mod fill;
mod lenient;
mod record;

use stele_event::{Column, RowWriter, SourceField};

use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::json::JsonSplitter;
use crate::values;
use lenient::{ITSELF, Lenient};
use record::Record;

/// The format; see the module.
#[derive(Debug)]
pub struct CloudTrail;

const ID: &str = "cloudtrail";

impl Format for CloudTrail {
    fn id(&self) -> &'static str {
        ID
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "AWS CloudTrail records (management, data, Insight; also inside EventBridge events)"
    }

    fn detect(&self, hint: &Hint<'_>, head: &[u8]) -> Confidence {
        let path = hint.path.unwrap_or_default();
        if path.contains("CloudTrail-Digest") {
            return Confidence(0);
        }
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        if !matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) {
            return Confidence(0);
        }
        let has = |name: &str| memchr::memmem::find(head, name.as_bytes()).is_some();
        let called = has("\"eventName\"") && names_service(head);
        let found = called || has("\"insightDetails\"");
        let keyed =
            ["/CloudTrail/", "/CloudTrail-Insight/", "_CloudTrail_", "_CloudTrail-Insight_"]
                .iter()
                .any(|part| path.contains(part));
        Confidence(match (found && has("\"eventVersion\""), called, keyed) {
            (true, ..) => 95,
            (_, true, _) => 70,
            // A first record may be longer than what is looked at.
            (_, _, true) if has("\"Records\"") => 60,
            _ => 0,
        })
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(JsonSplitter::new(record_bytes_max, Some("Records")))
    }

    fn mapper(&self, _context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(CloudTrailMapper)
    }

    fn fields(&self) -> &'static [SourceField] {
        FIELDS
    }
}

/// Whether an `eventSource` is a service's name, and not `aws:s3` as in S3 notifications, which
/// share most names with CloudTrail.
fn names_service(head: &[u8]) -> bool {
    const NAME: &[u8] = b"\"eventSource\"";
    memchr::memmem::find_iter(head, NAME).any(|at| {
        let after = &head[at + NAME.len()..];
        let value = after.iter().position(|byte| !matches!(byte, b' ' | b'\t' | b':'));
        value.is_some_and(|value| !after[value..].starts_with(b"\"aws:"))
    })
}

const fn field(name: &'static str, column: Column, lossless: bool) -> SourceField {
    SourceField { format: ID, name, column, lossless }
}

static FIELDS: &[SourceField] = &[
    field("eventName", Column::Operation, true),
    field("eventSource", Column::Service, true),
    field("eventID", Column::EventUid, true),
    field("eventTime", Column::Time, false),
    field("awsRegion", Column::Region, true),
    // Names go to another column.
    field("sourceIPAddress", Column::SrcIp, false),
    field("userAgent", Column::UserAgent, true),
    field("errorCode", Column::StatusCode, true),
    field("errorMessage", Column::StatusDetail, true),
    field("requestID", Column::RequestUid, true),
    // A flag at AWS, but nothing keeps others from writing it as any text.
    field("readOnly", Column::IsReadOnly, false),
    // The actor's account stands in where it is missing.
    field("recipientAccountId", Column::AccountUid, false),
    field("sharedEventID", Column::CorrelationUid, true),
    field("userIdentity.type", Column::UserType, true),
    field("userIdentity.userName", Column::UserName, true),
    field("userIdentity.arn", Column::UserUid, true),
    field("userIdentity.principalId", Column::UserUidAlt, true),
    field("userIdentity.accountId", Column::UserAccountUid, true),
    field("userIdentity.accessKeyId", Column::CredentialUid, true),
    field("userIdentity.invokedBy", Column::InvokedBy, true),
    field("userIdentity.sessionContext.sessionIssuer.arn", Column::SessionIssuer, true),
    field("tlsDetails.clientProvidedHostHeader", Column::DstName, true),
];

struct CloudTrailMapper;

impl Mapper for CloudTrailMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        match std::str::from_utf8(record) {
            Ok(json) => map(json, None, row),
            Err(error) => {
                let problem = format!("not UTF-8 at byte {}", error.valid_up_to());
                map(&String::from_utf8_lossy(record), Some(problem), row)
            }
        }
    }
}

fn map(json: &str, mut problem: Option<String>, row: &mut RowWriter<'_>) -> Mapped {
    let mut record = Record::default();
    if let Err(reason) = read(json, &mut record, &mut problem) {
        return Mapped::Failed(reason);
    }
    // An EventBridge event has names of its own and the record in `detail`.
    if record.event_name.get().is_none()
        && let Some(detail) = record.detail.object()
        && let Err(reason) = read(detail, &mut record, &mut problem)
    {
        return Mapped::Failed(reason);
    }
    if let Err(reason) = record.is_cloudtrail() {
        return Mapped::Failed(format!("no CloudTrail record: {reason}"));
    }
    fill::fill(&record, row);
    match record.event_time.get().map(|time| (time, values::rfc3339_micros(time))) {
        Some((_, Some(micros))) => row.set_time(Column::Time, micros),
        Some((time, None)) => problem = Some(format!("eventTime `{time}` is no RFC 3339 time")),
        None => problem = Some("eventTime is missing".into()),
    }
    if let Some(member) = record.refused_member {
        problem = Some(format!("{member} holds a value of another type than expected"));
    }
    problem.map_or(Mapped::Ok, Mapped::Partial)
}

fn read<'a>(
    json: &'a str,
    record: &mut Record<'a>,
    problem: &mut Option<String>,
) -> Result<(), String> {
    if let Err(error) = lenient::read(json, record) {
        // One member may be the reason; the others are read without it.
        record.mend(json);
        *problem = Some(format!("not JSON as it should be: {error}"));
    }
    match record.refused_member {
        Some(ITSELF) => Err(problem.take().unwrap_or_else(|| "no JSON object".into())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
