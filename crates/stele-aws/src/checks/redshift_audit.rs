//! `db.redshift.audit`: warehouses log who signed in and what was asked.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::database::Warehouse;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct RedshiftAudit;

static META: Meta = Meta {
    id: "db.redshift.audit",
    title: "Redshift clusters write their audit log",
    severity: Severity::High,
    default: true,
    source: true,
    reads: &[Collector::Warehouses],
    controls: &["FSBP:Redshift.4"],
    passes: "logging is on, and it did not fail after it last succeeded",
    not_applicable: "",
    why: "Warehouses hold what all other systems know.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "redshift:EnableLogging",
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
