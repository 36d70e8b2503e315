//! Plain text: one event a line, for whatever nothing else understands.

use stele_event::{Column, RowWriter};

use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::lines::LineSplitter;
use crate::values;

/// The format; see the module.
#[derive(Debug)]
pub struct Text;

impl Format for Text {
    fn id(&self) -> &'static str {
        "text"
    }

    fn version(&self) -> i32 {
        1
    }

    fn describe(&self) -> &'static str {
        "plain text, one event a line"
    }

    fn detect(&self, _hint: &Hint<'_>, _head: &[u8]) -> Confidence {
        Confidence(1)
    }

    fn splitter(&self, record_bytes_max: usize) -> Box<dyn Splitter> {
        Box::new(LineSplitter::new(record_bytes_max))
    }

    fn mapper(&self, _context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(TextMapper)
    }
}

struct TextMapper;

impl Mapper for TextMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let line = String::from_utf8_lossy(record);
        row.set_text(Column::Message, &line);
        // A full RFC 3339 stamp in front is taken; anything less would be a guess.
        let stamp = line.split_ascii_whitespace().next().unwrap_or_default();
        if let Some(micros) = values::rfc3339_micros(stamp) {
            row.set_time(Column::Time, micros);
        }
        Mapped::Ok
    }
}
