//! `cen.loop`: no log is about its own writing.

use super::loops::{By, Edge, Graph, Node, unread};
use crate::arn;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::Builder;
use crate::plan::sink::access;

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
        how: "cloudtrail:PutEventSelectors, leaving out the buckets of logs; s3:PutBucketLogging \
              for a bucket that logs into itself; rings of several buckets and of functions: by hand",
        undo: Undo::Partly,
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
            .evidence("edge", edge.as_str())
            .evidence("members", graph.ring_of(&(region.clone(), resource.clone())));
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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let inventory = plan.inventory;
        let node: Node = (finding.region.clone(), finding.resource.clone());
        let graph = Graph::of(inventory);
        let is_ours = |from: &Node, edge: &Edge| match &edge.by {
            By::Trail(trail) => arn::account(trail) == inventory.account,
            By::AccessLog => edge.to == *from,
            By::Filter(..) => false,
        };
        for (from, edge) in graph.loops_of(&node) {
            let Some(name) = arn::bucket(&from.1).filter(|_| is_ours(from, edge)) else { continue };
            match &edge.by {
                By::Trail(trail) => {
                    if let Some(trail) = inventory.trails.get(trail) {
                        access::without(plan, trail, name);
                    }
                }
                By::AccessLog => {
                    access::log(plan, name, &from.0, Vec::new());
                }
                By::Filter(..) => {}
            }
        }
        let rest = graph.without(is_ours);
        if let Some((_, edge)) = rest.loops_of(&node).first() {
            let (code, choices) = by_hand(edge);
            let choices: Vec<&str> = choices.iter().map(String::as_str).collect();
            plan.block(code, finding.reason.clone(), &choices);
        }
    }
}

/// What a person can do where a loop passes through something that is not the plan's to change.
fn by_hand(edge: &Edge) -> (&'static str, Vec<String>) {
    match &edge.by {
        By::AccessLog => (
            "ring",
            vec![
                "let the access log of one bucket of the ring go to the end of the chain"
                    .to_owned(),
            ],
        ),
        By::Trail(trail) => {
            let owner = arn::account(trail);
            (
                "owner-decides",
                vec![format!("ask account {owner} to leave the bucket out of its trail")],
            )
        }
        By::Filter(filter, function) => (
            "filter",
            vec![
                format!("let function `{function}` log to a group without a subscription"),
                format!("take filter `{filter}` away"),
            ],
        ),
    }
}
