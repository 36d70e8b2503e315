//! Putting right what something writes to already, the other side of `judge::destination`: a writer
//! that is not let in is, what is gone is made again, and the rest is for a person.

use crate::arn;
use crate::judge::destination::Taking;
use crate::plan::change::{Builder, Handle};
use crate::plan::sink::{self, Sink, Writer};

/// Lets a writer into a bucket of the account, if that is what keeps its logs out. `judged` is what
/// can be said about the bucket, `otherwise` what stands there where nothing is wrong with it.
pub(super) fn let_in(
    plan: &mut Builder<'_>,
    place: &Place<'_>,
    judged: Taking,
    otherwise: &Otherwise<'_>,
) {
    match judged {
        Taking::Refuses("no-bucket", reason) => {
            let choices = [
                "make the bucket again, in the region where it was",
                "let the log go to a bucket that is there",
            ];
            plan.block("no-bucket", reason, &choices);
        }
        Taking::Refuses(code, reason) => {
            let there = plan.inventory.bucket(place.bucket).and_then(|each| each.region.known());
            match there.cloned() {
                None if code == "not-allowed" => foreign(plan, reason),
                region => {
                    bucket(plan, place, &region.unwrap_or_default(), (code, &reason));
                }
            }
        }
        Taking::Unread(reason) => foreign(plan, reason.text),
        Taking::Takes(_) => plan.block(otherwise.code, otherwise.reason, otherwise.choices),
    }
}

/// Lets a writer into a bucket by what was said of it; one that is gone is made again in a region.
pub(super) fn bucket(
    plan: &mut Builder<'_>,
    place: &Place<'_>,
    region: &str,
    (code, reason): (&str, &str),
) -> Option<Handle> {
    let sink = match code {
        "no-bucket" => sink::named(plan, place.bucket, region),
        "not-allowed" => Sink { name: place.bucket.to_owned(), after: Vec::new() },
        // Somebody refuses it in so many words.
        _ => {
            let choices = [
                "narrow the statement that denies, so that it leaves the service out",
                "let the log go to another bucket",
            ];
            plan.block(code, reason, &choices);
            return None;
        }
    };
    Some(sink::allow(plan, &sink, region, place.writer, place.prefix))
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

/// Makes a log group again, and lets a service in that writes without a role.
pub(super) fn group(plan: &mut Builder<'_>, region: &str, name: &str, service: Option<&str>) {
    let made = sink::group(plan, region, name);
    if let Some(service) = service {
        sink::allow_groups(plan, region, service, name, vec![made]);
    }
}

/// As [`group`], by its ARN.
pub(super) fn group_arn(plan: &mut Builder<'_>, group: &str, service: Option<&str>) {
    if let Some(name) = arn::log_group(group) {
        self::group(plan, arn::region(group), name, service);
    }
}
