//! `ct.data.dynamodb`: reads and writes of tables are recorded.

use super::data_events;
use super::data_events::{Wanted, judge};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;

/// The check.
pub(super) struct DataDynamoDb;

static META: Meta = Meta {
    id: "ct.data.dynamodb",
    title: "item reads and writes are recorded for every table",
    severity: Severity::Medium,
    default: true,
    source: true,
    reads: &[Collector::Trails, Collector::Tables],
    controls: &["CCC.Core:CN04"],
    passes: "the selectors of all active trails together record reads and writes of the table",
    not_applicable: "the policy leaves it out (cloudtrail.data_events)",
    why: "Tables hold what applications know about people; only data events show who read it.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:PutEventSelectors",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "per data event",
    },
};

impl Check for DataDynamoDb {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let tables = match region.tables.items() {
                Ok(tables) => tables,
                Err(reason) => {
                    findings.unread(name, "dynamodb", "table/*", reason);
                    continue;
                }
            };
            for table in tables {
                let arn = inventory.arn("dynamodb", name, &format!("table/{table}"));
                let verdict = if baseline.wants_data("dynamodb", &arn) {
                    let what = format!("reads and writes of table `{table}`");
                    let kind = "AWS::DynamoDB::Table";
                    judge(
                        inventory,
                        name,
                        &Wanted { what, kind, arn: &arn, directions: &["true", "false"] },
                    )
                } else {
                    Verdict::not_applicable("policy", "the policy does not want its data events")
                };
                findings.add(name, arn, verdict);
            }
        }
    }

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        data_events::record(finding, plan, "dynamodb", "AWS::DynamoDB::Table");
    }
}
