//! What the checks of VPCs share: which VPCs are looked at, and the flow logs in each.

use crate::baseline::Baseline;
use crate::check::{Findings, regions};
use crate::collect::vpc::{FlowLog, Network, Vpc};
use crate::fact::{Fact, Unread};
use crate::finding::{Finding, Verdict};
use crate::inventory::{Inventory, Region};

/// Judges each VPC of the account; those of others and those out of scope are said to be so.
pub(super) fn each_vpc(
    inventory: &Inventory,
    baseline: &Baseline,
    findings: &mut Findings<'_>,
    judge: impl Fn(&str, &Region, &Vpc) -> Verdict,
) {
    for (name, region) in regions(inventory) {
        let vpcs = match region.network.vpcs.items() {
            Ok(vpcs) => vpcs,
            Err(reason) => {
                findings.unread(name, "ec2", "vpc/*", reason);
                continue;
            }
        };
        for vpc in vpcs {
            let arn = inventory.arn("ec2", name, &format!("vpc/{}", vpc.vpc_id));
            let tags = vpc.tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str()));
            let verdict = if baseline.excludes(tags) {
                Verdict::not_applicable("excluded", "its tags put it out of scope")
            } else if !vpc.owner_id.is_empty() && vpc.owner_id != inventory.account {
                let text = format!("VPC `{}` is shared by {}", vpc.vpc_id, vpc.owner_id);
                Verdict::unknown(&Unread::out_of_scope(text))
            } else {
                judge(name, region, vpc)
            };
            findings.add(name, arn, verdict);
        }
    }
}

/// The VPC that a finding is about.
pub(super) fn vpc_of<'a>(
    inventory: &'a Inventory,
    finding: &Finding,
) -> Option<(&'a Region, &'a Vpc)> {
    let id = finding.resource.rsplit('/').next()?;
    let region = inventory.region(&finding.region)?;
    let vpcs = region.network.vpcs.items().ok()?;
    Some((region, vpcs.iter().find(|vpc| vpc.vpc_id == id)?))
}

/// The flow logs on a VPC, its subnets and its interfaces.
///
/// # Errors
/// Something that is needed to know could not be read.
pub(super) fn flow_logs<'a>(network: &'a Network, vpc: &Vpc) -> Result<Vec<&'a FlowLog>, Unread> {
    let logs = network.flow_logs.items().map_err(Unread::clone)?;
    let mut found = Vec::new();
    for log in logs {
        let id = log.resource_id.as_str();
        let of_vpc = if id.starts_with("subnet-") {
            let subnets = network.subnets.items().map_err(Unread::clone)?;
            subnets.iter().any(|subnet| subnet.subnet_id == id && subnet.vpc_id == vpc.vpc_id)
        } else if id.starts_with("eni-") {
            let interfaces = network.interfaces.items().map_err(Unread::clone)?;
            interfaces
                .iter()
                .any(|each| each.network_interface_id == id && each.vpc_id == vpc.vpc_id)
        } else {
            id == vpc.vpc_id
        };
        if of_vpc {
            found.push(log);
        }
    }
    Ok(found)
}

/// Whether nothing is in a VPC; unknown where its interfaces are.
pub(super) fn is_empty(network: &Network, vpc: &Vpc) -> Fact<bool> {
    match network.interfaces.items() {
        Ok(all) => Fact::Known(!all.iter().any(|each| each.vpc_id == vpc.vpc_id)),
        Err(reason) => Fact::Unknown(reason.clone()),
    }
}
