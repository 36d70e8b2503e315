//! How grave a finding is, and how a verification ends: the same for a data folder and for
//! CloudTrail digests, and for people and programs that read their reports.

use serde::Serialize;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; the verdict stands.
    Note,
    /// Something could not be judged.
    Incomplete,
    /// What lies there is not what was signed, or a part of it is gone.
    Difference,
}

impl Severity {
    /// In a report for people, before the finding.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Incomplete => "not judged",
            Self::Difference => "difference",
        }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything that was asked for is there and is what was signed.
    Verified,
    /// Something differs or is gone.
    Difference,
    /// Nothing differs, but something could not be judged.
    Incomplete,
}

impl Outcome {
    /// What the gravest finding makes of it; `None` where there is no finding.
    pub(crate) fn of(gravest: Option<Severity>) -> Self {
        match gravest {
            Some(Severity::Difference) => Self::Difference,
            Some(Severity::Incomplete) => Self::Incomplete,
            Some(Severity::Note) | None => Self::Verified,
        }
    }

    /// The exit code of the command.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Difference => 3,
            Self::Incomplete => 4,
        }
    }

    /// The last line of a report for people.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Difference => "NOT verified: something differs or is gone",
            Self::Incomplete => "incomplete: nothing differs, but not all could be judged",
        }
    }
}

/// Defines the kinds of findings: each with its name in reports and documents, how grave it is, and
/// what it means, in one sentence.
macro_rules! kinds {
    ($($kind:ident, $name:literal, $severity:ident, $meaning:literal;)*) => {
        /// What was found.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $(#[doc = $meaning] $kind,)*
        }

        impl Kind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name, in reports and documents.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name,)* }
            }

            /// How grave it is.
            pub fn severity(self) -> $crate::verdict::Severity {
                match self { $(Self::$kind => $crate::verdict::Severity::$severity,)* }
            }

            /// What it means, in one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$kind => $meaning,)* }
            }
        }

        impl serde::Serialize for Kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

pub(crate) use kinds;

/// A text from outside without what a terminal would take for a command.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}
