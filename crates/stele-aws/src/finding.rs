//! Findings: what a check says about one thing. Their JSON is a public contract.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::baseline::Exception;
use crate::fact::Unread;

/// How a check ended for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Decided from what was read, and good.
    Pass,
    /// Decided, and not good.
    Fail,
    /// Wanted and missing, and AWS leaves no room.
    Blocked,
    /// There is no such log, or policy puts it out of scope.
    NotApplicable,
    /// Not decidable from what could be read.
    Unknown,
}

impl Status {
    /// The word in the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Fail => "FAIL",
            Self::Blocked => "BLOCKED",
            Self::NotApplicable => "NOT_APPLICABLE",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is recorded, or everybody can read it.
    Critical,
    /// A source is off, or its logs do not arrive.
    High,
    /// A part is missing.
    Medium,
    /// It would be better.
    Low,
}

/// Who can put something right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Remedy {
    /// An API call that is known to do it and how to undo it.
    Plan,
    /// Only a person, by consent or by hand.
    Blocked,
}

impl Remedy {
    /// The word in the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Blocked => "blocked",
        }
    }
}

/// What a check says about one thing.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Finding {
    /// The check.
    pub id: &'static str,
    /// How it ended.
    pub status: Status,
    /// How bad it is if it failed.
    pub severity: Severity,
    /// Whose it is.
    pub account: String,
    /// Where.
    pub region: String,
    /// The ARN of what should be logged, or of the log.
    pub resource: String,
    /// Why, in a sentence.
    pub reason: String,
    /// Why, in a word that does not change.
    pub reason_code: String,
    /// Who can put it right; null where nothing is wrong.
    pub fix: Option<Remedy>,
    /// What it was decided from, by AWS's names.
    #[schema(value_type = Object)]
    pub evidence: Map<String, Value>,
    /// The finding that this one follows from, as `id|resource`.
    pub cause: Option<String>,
    /// AWS is still settling a change.
    pub pending: bool,
    /// Somebody answers for it.
    pub exception: Option<Exception>,
    /// Controls that it is about.
    pub controls: Vec<String>,
    /// The stream of logs that it turns on.
    pub stream: Option<String>,
    /// What it follows from is not there yet: putting it right is part of making that.
    #[serde(skip)]
    pub missing: bool,
}

impl Finding {
    /// Says something else of the same thing, which takes back all that was said of it.
    pub(crate) fn instead(&mut self, verdict: Verdict) {
        self.status = verdict.status;
        self.reason = verdict.reason;
        self.reason_code = verdict.reason_code;
        self.evidence = verdict.evidence;
        self.cause = verdict.cause;
        self.pending = verdict.pending;
        self.fix = None;
        self.exception = None;
        self.stream = None;
    }
}

/// What a check has decided, before the check's own data are added.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Verdict {
    pub(crate) status: Status,
    pub(crate) reason_code: String,
    pub(crate) reason: String,
    pub(crate) evidence: Map<String, Value>,
    pub(crate) cause: Option<String>,
    pub(crate) pending: bool,
    pub(crate) by_hand: bool,
    pub(crate) missing: bool,
}

impl Verdict {
    fn new(status: Status, code: &str, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason_code: code.to_owned(),
            reason: reason.into(),
            evidence: Map::new(),
            cause: None,
            pending: false,
            by_hand: false,
            missing: false,
        }
    }

    /// Good.
    pub fn pass(reason: impl Into<String>) -> Self {
        Self::new(Status::Pass, "ok", reason)
    }

    /// Not good.
    pub fn fail(code: &str, reason: impl Into<String>) -> Self {
        Self::new(Status::Fail, code, reason)
    }

    /// AWS leaves no room.
    pub fn blocked(code: &str, reason: impl Into<String>) -> Self {
        Self::new(Status::Blocked, code, reason)
    }

    /// There is no such log for it.
    pub fn not_applicable(code: &str, reason: impl Into<String>) -> Self {
        Self::new(Status::NotApplicable, code, reason)
    }

    /// Not decidable.
    pub fn unknown(unread: &Unread) -> Self {
        Self::new(Status::Unknown, unread.code.word(), unread.text.clone())
    }

    /// Adds what it was decided from.
    pub fn evidence(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.evidence.insert(name.to_owned(), value.into());
        self
    }

    /// Names the finding that it follows from.
    pub fn cause(mut self, check: &str, resource: &str) -> Self {
        self.cause = Some(format!("{check}|{resource}"));
        self
    }

    /// What it follows from is not there yet.
    pub fn missing(mut self) -> Self {
        self.missing = true;
        self
    }

    /// AWS is still settling a change.
    pub fn pending(mut self) -> Self {
        self.pending = true;
        self
    }

    /// Only a person can put it right.
    pub fn by_hand(mut self) -> Self {
        self.by_hand = true;
        self
    }
}
