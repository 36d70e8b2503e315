//! `ssm.hybrid`: machines outside EC2 are heard of.

use super::node::{each_node_if, none_anywhere};
use super::trail::DAY_MICROS;
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::systems::Node;
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct HybridNode;

static META: Meta = Meta {
    id: "ssm.hybrid",
    title: "managed nodes outside EC2 were heard of within a day",
    severity: Severity::Low,
    default: false,
    source: false,
    reads: &[Collector::Nodes],
    controls: &[],
    passes: "the agent of the node was last heard of at most 24 hours ago",
    not_applicable: "the account has no managed node outside EC2",
    why: "A machine that Systems Manager does not hear of is one whose agents nobody can set \
          right, and whose logs may have stopped as well.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: start the SSM agent of the machine, or register it anew with an activation; \
              deregister it if it is gone",
        undo: Undo::None,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for HybridNode {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, _: &Baseline, findings: &mut Findings<'_>) {
        let now = inventory.now_micros;
        each_node_if(inventory, findings, Node::is_hybrid, |_, node| judge(now, node));
        let reason = "the account has no managed node outside EC2";
        none_anywhere(inventory, findings, Node::is_hybrid, reason);
    }
}

fn judge(now_micros: i64, node: &Node) -> Verdict {
    let name = [&node.computer_name, &node.instance_id].into_iter().find(|name| !name.is_empty());
    let name = name.map_or("", String::as_str);
    let verdict = match node.last_ping_date_time.map(|last| now_micros.saturating_sub(last)) {
        None => Verdict::fail("never-seen", format!("`{name}` was never heard of")),
        Some(ago) if ago > DAY_MICROS => {
            let days = ago / DAY_MICROS;
            let unit = if days == 1 { "day" } else { "days" };
            Verdict::fail("silent", format!("`{name}` was last heard of {days} {unit} ago"))
        }
        Some(_) => Verdict::pass(format!("`{name}` was heard of within a day")),
    };
    verdict.evidence("PingStatus", node.ping_status.as_str())
}
