//! What Stele itself writes: one JSON object a line, which names its schema. Formats of it are
//! told, read and dated in the same way; what their members mean is in the file of each.

use serde_json::{Map, Value};
use stele_event::{Column, RowWriter, SourceField};

use super::json_lines::{member, whole_stamp};
use super::object;
use super::stamp::Clock;
use crate::format::{Confidence, Mapped};

/// A format of Stele's own.
pub(super) struct Own {
    /// What `schema` says in each record.
    pub(super) schema: &'static str,
    /// The member that says when.
    pub(super) time: &'static str,
    /// Members that are columns as they are.
    pub(super) fields: &'static [SourceField],
}

impl Own {
    /// Whether a stream begins with such records.
    pub(super) fn detect(&self, head: &[u8]) -> Confidence {
        let head = head.trim_ascii_start();
        let named = format!("\"schema\":\"{}\"", self.schema);
        let is_own = memchr::memmem::find(head, named.as_bytes()).is_some();
        Confidence(if is_own && head.starts_with(b"{") { 95 } else { 0 })
    }

    /// The members of a record, with those set that are columns as they are, and what is wrong with
    /// it; or that it is none.
    pub(super) fn read(
        &self,
        record: &[u8],
        row: &mut RowWriter<'_>,
    ) -> Result<(Map<String, Value>, Option<String>), Mapped> {
        let object = object::read(record).map_err(Mapped::Failed)?;
        if object.members.get("schema").and_then(Value::as_str) != Some(self.schema) {
            return Err(Mapped::Failed(format!("`schema` is not {}", self.schema)));
        }
        for field in self.fields {
            row.set_text_opt(field.column, member(&object.members, field.name).as_deref());
        }
        if let Some(resource) = member(&object.members, "resource") {
            row.set_list(Column::ResourceUids, [&*resource]);
        }
        Ok((object.members, object.problem))
    }

    /// Sets the time; says what is wrong with it.
    pub(super) fn date(
        &self,
        members: &Map<String, Value>,
        clock: &mut Clock,
        row: &mut RowWriter<'_>,
    ) -> Option<String> {
        let Some(text) = member(members, self.time) else {
            return Some(format!("{} is missing", self.time));
        };
        match whole_stamp(&text) {
            Some(stamp) => {
                clock.set(stamp, row);
                None
            }
            None => Some(format!("{} `{text:.40}` is no time", self.time)),
        }
    }
}
