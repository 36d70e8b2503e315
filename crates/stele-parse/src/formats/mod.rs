//! The formats, one file each. A new one is its file and a line in [`ALL`].

pub mod app_flask;
pub mod cloudtrail;
pub mod json_lines;
mod object;
mod own;
mod stamp;
pub mod stele_act;
pub mod stele_finding;
pub mod syslog;
pub mod text;
pub mod vpcflow;

use stele_event::SourceField;

use crate::format::Format;

/// Every format, the more particular before the more general.
pub static ALL: &[&dyn Format] = &[
    &cloudtrail::CloudTrail,
    &stele_act::SteleAct,
    &stele_finding::SteleFinding,
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
    let known = known.join(", ");
    match nearest(id) {
        Some(near) => {
            format!("unknown format `{id}`; did you mean `{near}`? There are: {known}")
        }
        None => format!("unknown format `{id}`; there are: {known}"),
    }
}

/// Ids longer than this are not compared with the known ones.
const COMPARED_BYTES_MAX: usize = 64;

/// The format whose id somebody may have meant: the same but for case, dashes and a few letters.
fn nearest(id: &str) -> Option<&'static str> {
    let plain = |id: &str| -> String {
        id.chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase())
            .collect()
    };
    let asked = plain(id);
    if asked.is_empty() || asked.len() > COMPARED_BYTES_MAX {
        return None;
    }
    let distances =
        ALL.iter().map(|format| (strsim::levenshtein(&asked, &plain(format.id())), format.id()));
    let allowed = |known: &str| known.len().max(asked.len()) / 3;
    distances.filter(|(edits, known)| *edits <= allowed(known)).min().map(|(_, known)| known)
}

#[cfg(test)]
mod tests;
