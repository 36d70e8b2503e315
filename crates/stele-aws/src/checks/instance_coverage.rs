//! `ssm.instance.coverage`: running instances are managed nodes.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::systems::{Instance, Node};
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct InstanceCoverage;

/// How long an instance may take to start its agent.
const START_MICROS_MAX: i64 = 15 * 60 * 1_000_000;

static META: Meta = Meta {
    id: "ssm.instance.coverage",
    title: "running instances are managed by Systems Manager",
    severity: Severity::Medium,
    default: false,
    source: false,
    reads: &[Collector::Instances, Collector::Nodes],
    controls: &[],
    passes: "the instance is a managed node whose agent answers",
    not_applicable: "tags put it out of scope (scope.exclude_tags)",
    why: "Agents that send logs are installed and kept by way of Systems Manager; a machine that \
          it does not know is one that nobody keeps.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: an instance role that allows it (AmazonSSMManagedInstanceCore), the agent, \
              and a way from it to Systems Manager",
        undo: Undo::None,
        cloudformation: &[],
        terraform: &[],
        cost: "",
    },
};

impl Check for InstanceCoverage {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        for (name, region) in regions(inventory) {
            let instances = match region.systems.instances.items() {
                Ok(instances) => instances,
                Err(reason) => {
                    findings.unread(name, "ec2", "instance/*", reason);
                    continue;
                }
            };
            for instance in instances.iter().filter(|each| each.instance_state.name == "running") {
                let tags = instance.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
                let verdict = if baseline.excludes(tags) {
                    Verdict::not_applicable("excluded", "its tags put it out of scope")
                } else {
                    match region.systems.nodes.items() {
                        Ok(nodes) => judge(inventory.now_micros, nodes, instance),
                        Err(reason) => Verdict::unknown(reason),
                    }
                };
                let rest = format!("instance/{}", instance.instance_id);
                findings.add(name, inventory.arn("ec2", name, &rest), verdict);
            }
        }
    }
}

fn judge(now_micros: i64, nodes: &[Node], instance: &Instance) -> Verdict {
    match nodes.iter().find(|node| node.instance_id == instance.instance_id) {
        Some(node) if node.ping_status == "Online" => {
            Verdict::pass("it is a managed node, and its agent answers")
        }
        Some(node) => {
            let reason = "it is a managed node, and its agent does not answer";
            Verdict::fail("connection-lost", reason)
                .evidence("PingStatus", node.ping_status.as_str())
        }
        None => {
            let verdict = Verdict::fail("not-managed", "Systems Manager does not know it");
            let age = instance.launch_time.map(|began| now_micros.saturating_sub(began));
            if age.is_some_and(|age| age < START_MICROS_MAX) { verdict.pending() } else { verdict }
        }
    }
}
