//! `eks.control-plane`: clusters log what their control plane is asked.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::application::KubernetesCluster;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;

/// The check.
pub(super) struct EksControlPlane;

static META: Meta = Meta {
    id: "eks.control-plane",
    title: "EKS clusters log the wanted types",
    severity: Severity::High,
    default: true,
    source: true,
    reads: &[Collector::Kubernetes],
    controls: &["FSBP:EKS.8"],
    passes: "the types of the policy (eks.log_types) are on",
    not_applicable: "the policy wants none",
    why: "Who did what in the cluster, which no CloudTrail event shows.",
    fix: FixMeta {
        remedy: Remedy::Plan,
        how: "eks:UpdateClusterConfig with the union of types",
        undo: Undo::Exact,
        cloudformation: &[],
        terraform: &[],
        cost: "ingest per GB",
    },
};

impl Check for EksControlPlane {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let wanted = &baseline.eks.log_types;
        for (name, region) in regions(inventory) {
            let clusters = match region.kubernetes.items() {
                Ok(clusters) => clusters,
                Err(reason) => {
                    findings.unread(name, "eks", "cluster/*", reason);
                    continue;
                }
            };
            for cluster in clusters {
                let arn = inventory.arn("eks", name, &format!("cluster/{}", cluster.name));
                findings.add(name, arn, judge(wanted, cluster));
            }
        }
    }

    fn stream(&self, _: &Inventory, finding: &Finding) -> Option<String> {
        let name = finding.resource.rsplit('/').next().filter(|name| *name != "*")?;
        let Finding { account, region, .. } = finding;
        Some(format!("aws:eks:{account}:{region}:{name}"))
    }
}

fn judge(wanted: &[String], cluster: &KubernetesCluster) -> Verdict {
    if wanted.is_empty() {
        return Verdict::not_applicable("policy", "the policy wants none");
    }
    let name = &cluster.name;
    let row = match &cluster.row {
        Fact::Known(row) => row,
        Fact::Absent => return Verdict::not_applicable("gone", format!("`{name}` is gone")),
        Fact::Unknown(reason) => return Verdict::unknown(reason),
    };
    let on: Vec<&String> = row
        .logging
        .cluster_logging
        .iter()
        .filter(|each| each.enabled)
        .flat_map(|e| &e.types)
        .collect();
    let missing: Vec<&str> =
        wanted.iter().filter(|kind| !on.contains(kind)).map(String::as_str).collect();
    if missing.is_empty() {
        return Verdict::pass(format!("`{name}` logs the wanted types"));
    }
    let missing = missing.join(", ");
    let verdict = Verdict::fail("types-missing", format!("`{name}` does not log {missing}"))
        .evidence("missing", missing);
    if row.status == "UPDATING" { verdict.pending() } else { verdict }
}
