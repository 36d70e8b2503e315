//! Plain text: one event a line, for whatever nothing else understands.

use stele_event::{Column, RowWriter};

use super::stamp::{self, Clock};
use crate::format::{Confidence, Format, Hint, MapContext, Mapped, Mapper, Splitter};
use crate::lines::LineSplitter;

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

    fn mapper(&self, context: &MapContext<'_>) -> Box<dyn Mapper> {
        Box::new(TextMapper { clock: Clock::of(context) })
    }
}

struct TextMapper {
    clock: Clock,
}

impl Mapper for TextMapper {
    fn map(&mut self, record: &[u8], row: &mut RowWriter<'_>) -> Mapped {
        let line = String::from_utf8_lossy(record);
        row.set_text(Column::Message, &line);
        // Only a time in front is taken: elsewhere in a line it is as likely to be about something
        // else.
        let front = line.trim_start_matches(['\u{feff}', ' ', '[']);
        if let Some((stamp, _)) = stamp::iso(front) {
            self.clock.set(stamp, row);
        }
        Mapped::Ok
    }
}
