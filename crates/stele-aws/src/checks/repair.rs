//! Putting right the bucket that something writes to already: a writer that is not let in is, and
//! the rest is for a person.

use crate::judge::destination::Taking;
use crate::plan::change::Builder;
use crate::plan::sink::{self, Sink, Writer};

/// Lets a writer into a bucket of the account, if that is what keeps its logs out. `judged` is what
/// can be said about the bucket, `otherwise` what stands there where nothing is wrong with it.
pub(super) fn let_in(
    plan: &mut Builder<'_>,
    place: &Place<'_>,
    judged: Taking,
    otherwise: &Otherwise<'_>,
) {
    let bucket = place.bucket;
    match judged {
        Taking::Refuses("not-allowed", reason) => {
            let there = plan.inventory.bucket(bucket).and_then(|each| each.region.known());
            let Some(region) = there.cloned() else { return foreign(plan, reason) };
            let sink = Sink { name: bucket.to_owned(), after: Vec::new() };
            sink::allow(plan, &sink, &region, place.writer, place.prefix);
        }
        Taking::Refuses("denied", reason) => {
            let choices = [
                "narrow the statement that denies, so that it leaves the service out",
                "let the log go to another bucket",
            ];
            plan.block("denied", reason, &choices);
        }
        Taking::Refuses(code, reason) => {
            let choices = [
                "make the bucket again, in the region where it was",
                "let the log go to a bucket that is there",
            ];
            plan.block(code, reason, &choices);
        }
        Taking::Unread(reason) => foreign(plan, reason.text),
        Taking::Takes(_) => plan.block(otherwise.code, otherwise.reason, otherwise.choices),
    }
}

fn foreign(plan: &mut Builder<'_>, reason: String) {
    let choices = [
        "let the log go to a bucket of this account",
        "add the statement to the policy in the bucket's own account",
    ];
    plan.block("foreign-bucket", reason, &choices);
}

/// Who writes where.
pub(super) struct Place<'a> {
    /// The bucket.
    pub(super) bucket: &'a str,
    /// Below what.
    pub(super) prefix: &'a str,
    /// The writer.
    pub(super) writer: Writer,
}

/// What is said where the bucket takes what is written, and all the same something is wrong.
pub(super) struct Otherwise<'a> {
    /// In a word that does not change.
    pub(super) code: &'a str,
    /// In a sentence.
    pub(super) reason: &'a str,
    /// What a person can do.
    pub(super) choices: &'a [&'a str],
}
