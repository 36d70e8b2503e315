//! `eks.control-plane`: clusters log what their control plane is asked.

use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo, regions};
use crate::collect::Collector;
use crate::collect::application::KubernetesCluster;
use crate::fact::Fact;
use crate::finding::{Finding, Remedy, Severity, Verdict};
use crate::inventory::Inventory;
use crate::plan::change::{Builder, Change};
use crate::plan::cost::Volume;
use crate::plan::measure::Measure;
use crate::plan::sink;
use serde_json::json;

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
        how: "logs:CreateLogGroup, eks:UpdateClusterConfig with the union of types",
        undo: Undo::Partly,
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

    fn fix(&self, finding: &Finding, plan: &mut Builder<'_>) {
        let (inventory, region) = (plan.inventory, finding.region.as_str());
        let name = finding.resource.rsplit('/').next().unwrap_or_default();
        let clusters = inventory.region(region).and_then(|facts| facts.kubernetes.known());
        let cluster = clusters.and_then(|all| all.iter().find(|cluster| cluster.name == name));
        let Some(row) = cluster.and_then(|cluster| cluster.row.known()) else { return };
        if row.status != "ACTIVE" {
            let reason =
                format!("cluster `{name}` is {}; AWS changes only active ones", row.status);
            let choices = ["let it become active, and plan again", "answer for it by an exception"];
            return plan.block("not-active", reason, &choices);
        }
        let mut types = row.enabled();
        let wanted = plan.baseline.eks.log_types.iter();
        for kind in wanted {
            if !types.contains(kind) {
                types.push(kind.clone());
            }
        }
        // EKS would make the group itself, and it would keep for ever.
        let group = sink::group(plan, region, &format!("/aws/eks/{name}/cluster"));
        let why = format!("cluster `{name}` logs what its control plane is asked");
        let volume = Volume::range(0.5, 10.0, 500.0, "0.5 to 500 GB of the control plane a month");
        let change = Change::of("eks:UpdateClusterConfig", region, finding.resource.as_str(), why)
            .by("name", name)
            .set(json!({"logging": {"clusterLogging": [{"types": types, "enabled": true}]}}))
            .after([group])
            .cost("vended-cloudwatch-gb", volume.by(Measure::cluster(region, name)));
        plan.change(change);
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
    let on = row.enabled();
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
