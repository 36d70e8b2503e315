//! `cen.loop`: no log is about its own writing.

use super::loops::{Graph, unread};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct LogLoop;

static META: Meta = Meta {
    id: "cen.loop",
    title: "no log is written about the writing of itself",
    severity: Severity::High,
    default: true,
    source: false,
    reads: &[
        Collector::Trails,
        Collector::Buckets,
        Collector::BucketLogs,
        Collector::Groups,
        Collector::Filters,
        Collector::Functions,
    ],
    controls: &[],
    passes: "in the graph \"writes a log about\" no path returns to its start",
    not_applicable: "",
    why: "A loop writes and is paid for without end, and buries what matters.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "cloudtrail:PutEventSelectors, leaving out the buckets of logs; settings of others: \
              by hand",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for LogLoop {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let graph = Graph::of(inventory);
        let members = graph.members();
        for (region, resource, edge) in &members {
            let name = resource.rsplit(':').next().unwrap_or(resource);
            let verdict = Verdict::fail(
                "loop",
                format!("writing to `{name}` is logged until it is written there again: {edge}"),
            )
            .evidence("edge", edge.as_str());
            findings.add(region, resource.clone(), verdict);
        }
        let account = format!("arn:{}:iam::{}:root", inventory.partition, inventory.account);
        let home = inventory.home_region.clone();
        if let Some(reason) = unread(inventory) {
            findings.add(&home, account, Verdict::unknown(&reason));
        } else if members.is_empty() {
            findings.add(&home, account, Verdict::pass("no log is about its own writing"));
        }
    }
}
