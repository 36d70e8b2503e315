//! OCSF, the Open Cybersecurity Schema Framework, version 1.8.0: what its numbers mean, and the
//! document that a row stands for.
//!
//! [`document`] makes the document when somebody reads or exports it; it is not stored. It is
//! always valid by the JSON schema of its class and says all that the row says. The tables that it
//! goes by are generated from the schema itself (`cargo xtask gen`); what a column means in which
//! class stands in `places.rs`. A new class is its number in `xtask/src/generate/ocsf.rs`.

mod derive;
mod draft;
mod generated;
mod places;
mod schema;
mod values;

pub use derive::document;
pub use generated::VERSION;
pub use schema::{Class, class, classes};

/// The name of a class for people; none if Stele does not know the class.
pub fn class_caption(class_uid: i64) -> Option<&'static str> {
    class(class_uid).map(|class| class.caption)
}

/// The name of an activity for people; none if the class has none of that number.
pub fn activity_caption(class_uid: i64, activity_id: i64) -> Option<&'static str> {
    class(class_uid)?.activity_caption(activity_id)
}

/// The name of a severity for people.
pub fn severity_caption(severity_id: i64) -> Option<&'static str> {
    class(0)?.caption_of("severity_id", severity_id)
}

/// The name of a status for people. Findings have others than the rest of the classes.
pub fn status_caption(class_uid: i64, status_id: i64) -> Option<&'static str> {
    class(class_uid).or(class(0))?.caption_of("status_id", status_id)
}

/// The name of an action for people: what a security control was set to do.
pub fn action_caption(action_id: i64) -> Option<&'static str> {
    class(0)?.caption_of("action_id", action_id)
}

/// The name of a disposition for people: what a security control did.
pub fn disposition_caption(disposition_id: i64) -> Option<&'static str> {
    class(0)?.caption_of("disposition_id", disposition_id)
}

#[cfg(test)]
mod tests;
