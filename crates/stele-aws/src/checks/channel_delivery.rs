//! `cfg.channel.delivery`: what AWS Config records is delivered.

use super::recorder::each_recorder;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::config::{Config, Recorder};
use crate::collect::s3::Standing;
use crate::fact::{Fact, Unread};
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct ChannelDelivery;

static META: Meta = Meta {
    id: "cfg.channel.delivery",
    title: "AWS Config delivers",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[Collector::Config, Collector::Sinks],
    controls: &[],
    passes: "a channel exists, neither history nor stream failed last, and its bucket exists",
    not_applicable: "the region has no recorder",
    why: "A recorder without a channel does not start; one whose bucket is gone loses its history.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "config:PutDeliveryChannel, s3:PutBucketPolicy",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for ChannelDelivery {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let judge = |region: &str, config: &Config, _: &Recorder| judge(inventory, region, config);
        each_recorder(inventory, findings, judge, |region, _| {
            Verdict::not_applicable("no-recorder", format!("{region} has no recorder"))
        });
    }
}

fn judge(inventory: &Inventory, region: &str, config: &Config) -> Verdict {
    let channels = match config.channels.items() {
        Ok(channels) => channels,
        Err(reason) => return Verdict::unknown(reason),
    };
    let Some(channel) = channels.first() else {
        return Verdict::fail("no-channel", format!("{region} has no delivery channel"));
    };
    let statuses = match config.deliveries.items() {
        Ok(statuses) => statuses,
        Err(reason) => return Verdict::unknown(reason),
    };
    if let Some(status) = statuses.iter().find(|status| status.name == channel.name) {
        let kinds = [
            ("history", &status.config_history_delivery_info),
            ("stream", &status.config_stream_delivery_info),
        ];
        for (what, delivery) in kinds {
            if delivery.last_status.eq_ignore_ascii_case("FAILURE") {
                let (code, message) = (&delivery.last_error_code, &delivery.last_error_message);
                let reason = format!("the {what} is not delivered: {code} {message}");
                return Verdict::fail("delivery-error", reason)
                    .evidence("lastErrorCode", code.as_str());
            }
        }
    }
    let bucket = &channel.bucket;
    let Some(sink) = inventory.sinks.get(bucket) else {
        return Verdict::unknown(&Unread::not_read());
    };
    match &sink.standing {
        Fact::Known(Standing::Own) => Verdict::pass(format!("it delivers to bucket `{bucket}`")),
        Fact::Known(Standing::Foreign) => Verdict::unknown(&Unread::out_of_scope(format!(
            "bucket `{bucket}` belongs to an account that is not assessed"
        ))),
        Fact::Absent => Verdict::fail("no-bucket", format!("there is no bucket `{bucket}`")),
        Fact::Unknown(reason) => Verdict::unknown(reason),
    }
}
