//! The formats, one file each. A new one is its file and a line in [`ALL`].

pub mod app_flask;
pub mod cloudtrail;
pub mod json_lines;
pub mod syslog;
pub mod text;
pub mod vpcflow;

use stele_event::SourceField;

use crate::format::Format;

/// Every format, the more particular before the more general.
pub static ALL: &[&dyn Format] = &[
    &cloudtrail::CloudTrail,
    &vpcflow::VpcFlow,
    &app_flask::AppFlask,
    &syslog::Syslog,
    &json_lines::JsonLines,
    &text::Text,
];

/// The format of that id.
pub fn by_id(id: &str) -> Option<&'static dyn Format> {
    ALL.iter().copied().find(|format| format.id() == id)
}

/// The source's own field names of all formats.
pub fn fields() -> Vec<SourceField> {
    ALL.iter().flat_map(|format| format.fields()).copied().collect()
}

/// What to say to somebody who asked for a format that there is not.
pub fn unknown(id: &str) -> String {
    let known: Vec<_> = ALL.iter().map(|format| format.id()).collect();
    format!("unknown format `{id}`; there are: {}", known.join(", "))
}
