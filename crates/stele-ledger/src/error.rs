//! What can go wrong, by what the caller can do about it.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A tile is not there: fetch it, or report the ledger as incomplete.
    #[error("`{path}` is missing")]
    Missing {
        /// The path inside the ledger's folder.
        path: String,
    },
    /// A tile is there and cannot be read: try again.
    #[error("cannot read `{path}`: {source}")]
    Unreadable {
        /// The path inside the ledger's folder.
        path: String,
        /// The cause, as the reader of tiles told it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The bytes are not what they are said to be: damaged, cut short, or something else.
    #[error("not a sound {what}: {reason}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The bytes are sound as far as this version knows, but newer than it.
    #[error("{what} `{found}` is not known to this version")]
    Unsupported {
        /// What is unknown: a version, a kind, an algorithm.
        what: &'static str,
        /// What was found.
        found: String,
    },
    /// Everything could be read and does not fit together: the finding that a ledger is for.
    #[error("{what} does not match")]
    Mismatch {
        /// What was compared.
        what: &'static str,
    },
    /// No key that the caller trusts has signed.
    #[error("not signed by any of the {keys} keys known for it")]
    Unsigned {
        /// How many keys were tried.
        keys: usize,
    },
    /// A trusted key is named and its signature is wrong.
    #[error("the signature of `{name}` is wrong")]
    BadSignature {
        /// The key's name.
        name: String,
    },
    /// The checkpoint belongs to another log.
    #[error("a checkpoint of `{found}`, not of `{expected}`")]
    WrongOrigin {
        /// The log that was asked for.
        expected: String,
        /// The log that it belongs to.
        found: String,
    },
    /// Fewer witnesses than the policy asks for have signed: wait, or ask them.
    #[error("{found} of {needed} witnesses have signed")]
    TooFewWitnesses {
        /// How many have.
        found: usize,
        /// How many must.
        needed: usize,
    },
    /// Something is longer than its format allows: split it.
    #[error("{what} of {bytes} bytes is longer than {bytes_max}")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A number lies outside of what it counts.
    #[error("{what} {value} is not below {limit}")]
    OutOfRange {
        /// What the number is.
        what: &'static str,
        /// The number.
        value: u64,
        /// What it has to stay below.
        limit: u64,
    },
    /// The signer gave no signature: it is out of reach, or cannot sign now. Try again.
    #[error("cannot sign as `{name}`: {reason}")]
    Signer {
        /// The key's name.
        name: String,
        /// What it said.
        reason: String,
    },
    /// The signer does not sign this. Asking again does not help; somebody has to look.
    #[error("the signer of `{name}` refuses: {reason}")]
    SignerRefused {
        /// The key's name.
        name: String,
        /// Why.
        reason: String,
    },
}

impl Error {
    pub(crate) fn malformed(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Malformed { what, reason: reason.into() }
    }
}
