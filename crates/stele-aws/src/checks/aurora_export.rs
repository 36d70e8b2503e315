//! `db.aurora.audit-export`: clusters export the log that shows who did what.

use super::export::{self, each_cluster};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct AuroraExport;

static META: Meta = Meta {
    id: "db.aurora.audit-export",
    title: "Aurora and Multi-AZ clusters export their audit log",
    severity: Severity::High,
    default: true,
    source: true,
    reads: &[Collector::Databases],
    controls: &["FSBP:RDS.34", "FSBP:RDS.37"],
    passes: "clusters of MySQL export `audit`, those of PostgreSQL `postgresql`",
    not_applicable: "tags put it out of scope (scope.exclude_tags)",
    why: "Who signed in and what was asked, outside the machine that is attacked.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "logs:CreateLogGroup, logs:PutRetentionPolicy, rds:ModifyDBCluster with the missing \
              type only",
        undo: Undo::Partly,
        cloudformation: &[],
        terraform: &[],
        cost: "ingest per GB",
    },
};

impl Check for AuroraExport {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        each_cluster(inventory, baseline, findings, log_of);
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        export::fix(finding, plan, log_of);
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        export::stream(finding)
    }
}

/// The log of an engine that shows who did what.
fn log_of(engine: &str) -> Option<&'static str> {
    match engine {
        "aurora" | "aurora-mysql" | "mysql" => Some("audit"),
        "aurora-postgresql" | "postgres" => Some("postgresql"),
        _ => None,
    }
}
