//! `ct.data.s3-write`: writes of objects are recorded.

use super::data_s3;
use super::data_s3::each_bucket;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct DataS3Write;

static META: Meta = Meta {
    id: "ct.data.s3-write",
    title: "object writes are recorded for every bucket",
    severity: Severity::High,
    default: true,
    source: true,
    reads: &[Collector::Trails, Collector::Buckets, Collector::Writers],
    controls: &["CIS-AWS-5.0:3.8", "CCC.Core:CN04"],
    passes: "the selectors of all active trails together record writes of all keys of the bucket",
    not_applicable: "logs are written to the bucket, so that recording it would be a loop; or the \
                     policy leaves it out (cloudtrail.data_events)",
    why: "Data is destroyed and encrypted by writes of objects, which no management event shows.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:PutEventSelectors",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "per data event",
    },
};

impl Check for DataS3Write {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_bucket(inventory, baseline, findings, ("writes", "false"));
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        data_s3::record(finding, plan, false);
    }
}
