//! `db.redshift.audit`: warehouses log who signed in and what was asked.

use super::repair::{self, Otherwise, Place};
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::database::{Warehouse, WarehouseLogging};
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::judge::destination::{self, Taking, Writer};
use crate::plan::change::{Builder, Change};
use crate::plan::cost::Volume;
use crate::plan::sink::{self, Writer as SinkWriter};
use serde_json::json;

/// The check.
pub(super) struct RedshiftAudit;

static META: Meta = Meta {
    id: "db.redshift.audit",
    title: "Redshift clusters write their audit log",
    severity: Severity::High,
    default: true,
    source: true,
    reads: &[Collector::Warehouses, Collector::Sinks],
    controls: &["FSBP:Redshift.4"],
    passes: "logging is on, and it did not fail after it last succeeded",
    not_applicable: "",
    why: "Warehouses hold what all other systems know.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "redshift:EnableLogging; s3:PutBucketPolicy, merged, where it is not delivered",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &["redshift_logging"],
        cost: "storage",
    },
};

impl Check for RedshiftAudit {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let warehouses = match region.warehouses.items() {
                Ok(warehouses) => warehouses,
                Err(reason) => {
                    findings.unread(name, "redshift", "cluster:*", reason);
                    continue;
                }
            };
            for warehouse in warehouses {
                let arn = inventory.arn("redshift", name, &format!("cluster:{}", warehouse.name));
                findings.add(name, arn, judge(warehouse));
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let Some(region) = inventory.region(&finding.region) else { return };
        let name = finding.resource.rsplit(':').next().unwrap_or_default();
        let mut all = region.warehouses.items().unwrap_or_default().iter();
        let Some(warehouse) = all.find(|each| each.name == name) else { return };
        let logging = warehouse.logging.known().filter(|logging| logging.logging_enabled);
        let Some(logging) = logging else { return log(finding, plan, name) };
        let otherwise = Otherwise {
            code: &finding.reason_code,
            reason: &finding.reason,
            choices: &[
                "put right what the message names",
                "switch the log off, and plan again: it then goes to the bucket of the region",
            ],
        };
        if logging.bucket_name.is_empty() {
            return plan.block(otherwise.code, otherwise.reason, otherwise.choices);
        }
        let judged = taking(inventory, &finding.region, logging);
        if matches!(judged, Taking::Refuses("no-bucket", _)) {
            let gone = logging.bucket_name.as_str();
            plan.warn(format!(
                "{}: undoing cannot let `{name}` log to `{gone}` again, for AWS takes no bucket \
                 that is gone",
                finding.region
            ));
            return log(finding, plan, name);
        }
        let (bucket, prefix) = (logging.bucket_name.as_str(), logging.s3_key_prefix.as_str());
        let place = Place { bucket, prefix, writer: SinkWriter::Redshift };
        repair::let_in(plan, &place, judged, &otherwise);
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        let name = finding.resource.rsplit(':').next().filter(|name| *name != "*")?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:redshift:{account}:{region}:{name}"))
    }
}

fn judge(warehouse: &Warehouse) -> Verdict {
    let name = &warehouse.name;
    let logging = match &warehouse.logging {
        Fact::Known(logging) => logging,
        Fact::Absent => return Verdict::fail("off", format!("`{name}` writes no audit log")),
        Fact::Unknown(reason) => return Verdict::unknown(reason),
    };
    if !logging.logging_enabled {
        return Verdict::fail("off", format!("`{name}` writes no audit log"))
            .evidence("LoggingEnabled", false);
    }
    if logging.last_failure_time > logging.last_successful_delivery_time {
        let message = logging.last_failure_message.as_str();
        let reason = format!("the audit log of `{name}` is not delivered: {message}");
        return Verdict::fail("delivery-error", reason).evidence("LastFailureMessage", message);
    }
    Verdict::pass(format!("`{name}` writes its audit log")).evidence("LoggingEnabled", true)
}

/// Where the logs of warehouses lie in the bucket of a region.
const PREFIX: &str = "redshift/";

/// Plans that a warehouse logs to the bucket of its region.
fn log(finding: &Finding, plan: &mut Builder<'_>, name: &str) {
    let region = &finding.region;
    let sink = sink::bucket(plan, region);
    let policy = sink::allow(plan, &sink, region, SinkWriter::Redshift, PREFIX);
    let why = format!("`{name}` writes its audit log to `{}`", sink.name);
    let volume = Volume::range(0.01, 1.0, 100.0, "0.01 to 100 GB of audit logs a month");
    let change = Change::of("redshift:EnableLogging", region, finding.resource.as_str(), why)
        .by("ClusterIdentifier", name)
        .set(json!({"BucketName": sink.name, "S3KeyPrefix": PREFIX, "LogDestinationType": "s3"}))
        .after([policy])
        .cost("s3-storage-gb", volume)
        .warn("statements are logged only with the parameter enable_user_activity_logging");
    plan.change(change);
}

/// Whether the bucket of a warehouse takes its log.
fn taking(inventory: &Inventory, region: &str, logging: &WarehouseLogging) -> Taking {
    let principal = format!("Service:{}", SinkWriter::Redshift.service(region));
    let prefix = arn::folder(&logging.s3_key_prefix);
    let writer = Writer {
        principals: &[&principal],
        key: format!("{prefix}AWSLogs/{}/redshift/{region}/x", inventory.account),
        source_arn: None,
    };
    destination::bucket(inventory, &logging.bucket_name, &writer)
}
