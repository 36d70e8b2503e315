//! How a plan lets a writer in where a log is sent: the other side of `judge::destination`.

use crate::arn;
use crate::plan::change::{Builder, Handle};
use crate::plan::sink::{self, Sink, Writer};

/// Lets a writer write into a bucket below a prefix. `code` and `reason` are what was said of it; a
/// bucket that is gone is made again where the writer is.
pub(super) fn bucket(
    plan: &mut Builder<'_>,
    name: &str,
    prefix: &str,
    region: &str,
    writer: Writer,
    (code, reason): (&str, &str),
) -> Option<Handle> {
    match code {
        "no-bucket" => {
            let sink = sink::named(plan, name, region);
            Some(sink::allow(plan, &sink, region, writer, prefix))
        }
        "not-allowed" => {
            let sink = Sink { name: name.to_owned(), after: Vec::new() };
            Some(sink::allow(plan, &sink, region, writer, prefix))
        }
        // Somebody refuses it in so many words.
        _ => {
            let choices = [
                "let the statement that denies leave the writer aside",
                "send the log to another bucket",
            ];
            plan.block(code, reason, &choices);
            None
        }
    }
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
