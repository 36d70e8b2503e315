//! Three-valued facts: what was read, what AWS says is not there, and what could not be read.
//!
//! A check may decide from known facts only. There is no way to get a value out of an unknown
//! fact, so a guess does not compile.

use serde::Serialize;

use crate::call::{CallError, Failure};

/// Something about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// It was read.
    Known(T),
    /// AWS says that there is none.
    Absent,
    /// It could not be read.
    Unknown(Unread),
}

/// Why a fact is not known; the code is part of the contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread {
    /// What kind of reason.
    pub code: UnreadCode,
    /// The call and what came of it.
    pub text: String,
}

/// Kinds of reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnreadCode {
    /// The permission is missing.
    Denied,
    /// Too many requests, to the last attempt.
    Throttled,
    /// The endpoint does not know the call.
    Unsupported,
    /// No answer in time.
    Timeout,
    /// It belongs to an account that is not assessed.
    OutOfScope,
    /// AWS answered with a fault, or with something that is no answer.
    Failed,
}

impl UnreadCode {
    /// The word in the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Throttled => "throttled",
            Self::Unsupported => "unsupported",
            Self::Timeout => "timeout",
            Self::OutOfScope => "out-of-scope",
            Self::Failed => "failed",
        }
    }
}

impl Unread {
    /// It belongs to somebody else.
    pub fn out_of_scope(text: impl Into<String>) -> Self {
        Self { code: UnreadCode::OutOfScope, text: text.into() }
    }

    /// AWS answered something that is not understood.
    pub fn failed(text: impl Into<String>) -> Self {
        Self { code: UnreadCode::Failed, text: text.into() }
    }

    /// Nobody asked: the check that wants it does not say so in its `reads`.
    pub fn not_read() -> Self {
        Self::failed("it was not read")
    }
}

impl From<&CallError> for Unread {
    fn from(error: &CallError) -> Self {
        let code = match error.failure {
            Failure::Denied => UnreadCode::Denied,
            Failure::Throttled => UnreadCode::Throttled,
            Failure::Unsupported => UnreadCode::Unsupported,
            Failure::Timeout => UnreadCode::Timeout,
            Failure::NotFound | Failure::Other => UnreadCode::Failed,
        };
        Self { code, text: format!("{}: {}", error.call, error.code) }
    }
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unknown(Unread::not_read())
    }
}

impl<T> Fact<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Why it is not known.
    pub fn unread(&self) -> Option<&Unread> {
        match self {
            Self::Unknown(reason) => Some(reason),
            Self::Known(_) | Self::Absent => None,
        }
    }

    /// The same fact about something in it.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(change(value)),
            Self::Absent => Fact::Absent,
            Self::Unknown(reason) => Fact::Unknown(reason),
        }
    }
}

impl<T> Fact<Vec<T>> {
    /// The elements; none where AWS says that there are none.
    ///
    /// # Errors
    /// The list could not be read.
    pub fn items(&self) -> Result<&[T], &Unread> {
        match self {
            Self::Known(items) => Ok(items),
            Self::Absent => Ok(&[]),
            Self::Unknown(reason) => Err(reason),
        }
    }
}
