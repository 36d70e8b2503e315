//! `cfg.channel.delivery`: what AWS Config records is delivered.

use super::recorder::{self, each_recorder};
use super::repair::{self, Otherwise, Place};
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::config::{Channel, Config, Recorder};
use crate::collect::s3::Standing;
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking, Writer};
use crate::plan::change::Builder;
use crate::plan::sink::Writer as SinkWriter;

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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let region = &finding.region;
        let inventory = plan.inventory;
        let channels = inventory.region(region).and_then(|each| each.config.channels.known());
        let Some(channel) = channels.and_then(|channels| channels.first()) else {
            recorder::deliver(plan, region, Vec::new());
            return;
        };
        let judged = taking(inventory, channel);
        if matches!(judged, Taking::Refuses("no-bucket", _)) {
            recorder::channel(plan, region, channel, Vec::new());
            return plan.warn(format!(
                "{region}: undoing cannot let AWS Config deliver to `{}` again, for AWS takes no \
                 bucket that is gone",
                channel.bucket
            ));
        }
        let place =
            Place { bucket: &channel.bucket, prefix: &channel.prefix, writer: SinkWriter::Config };
        let otherwise = Otherwise {
            code: &finding.reason_code,
            reason: &finding.reason,
            choices: &[
                "give the recorder's role the right to write to the bucket and to use its key",
                "let the recorder use the service-linked role of AWS Config",
            ],
        };
        repair::let_in(plan, &place, judged, &otherwise);
    }
}

/// Whether the bucket of a channel takes what AWS Config writes.
fn taking(inventory: &Inventory, channel: &Channel) -> Taking {
    let prefix = arn::folder(&channel.prefix);
    let writer = Writer {
        principals: &["Service:config.amazonaws.com"],
        key: format!("{prefix}AWSLogs/{}/Config/x", inventory.account),
        source_arn: None,
    };
    destination::bucket(inventory, &channel.bucket, &writer)
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
