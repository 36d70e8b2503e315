//! What the checks of `ssm.*` share: which machines are looked at.

use crate::check::{Findings, regions};
use crate::collect::systems::Node;
use crate::finding::Verdict;
use crate::inventory::{Inventory, Region};

/// Judges each managed node.
pub(super) fn each_node(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    judge: impl Fn(&Region, &Node) -> Verdict,
) {
    each_node_if(inventory, findings, |_| true, judge);
}

/// Judges each managed node of some kind.
pub(super) fn each_node_if(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    of_kind: impl Fn(&Node) -> bool,
    judge: impl Fn(&Region, &Node) -> Verdict,
) {
    for (name, region) in regions(inventory) {
        let nodes = match region.systems.nodes.items() {
            Ok(nodes) => nodes,
            Err(reason) => {
                findings.unread(name, "ssm", "managed-instance/*", reason);
                continue;
            }
        };
        for node in nodes.iter().filter(|node| of_kind(node)) {
            findings.add(name, resource(inventory, name, node), judge(region, node));
        }
    }
}

/// Where no region has a node of a kind, the home region says so, once for the account.
pub(super) fn none_anywhere(
    inventory: &Inventory,
    findings: &mut Findings<'_>,
    of_kind: impl Fn(&Node) -> bool,
    reason: &str,
) {
    let none = regions(inventory).all(|(_, region)| {
        region.systems.nodes.items().is_ok_and(|nodes| !nodes.iter().any(&of_kind))
    });
    if none {
        let region = &inventory.home_region;
        let resource = inventory.arn("ssm", region, "managed-instance");
        findings.add(region, resource, Verdict::not_applicable("no-node", reason));
    }
}

fn resource(inventory: &Inventory, region: &str, node: &Node) -> String {
    let id = &node.instance_id;
    if id.starts_with("i-") {
        inventory.arn("ec2", region, &format!("instance/{id}"))
    } else {
        inventory.arn("ssm", region, &format!("managed-instance/{id}"))
    }
}
