//! `ssm.agent.association`: an agent that sends logs is kept configured on each managed node.

use super::node::{each_node, none_anywhere};
use crate::baseline::Baseline;
use crate::check::{Check, Findings, FixMeta, Meta, Undo};
use crate::collect::Collector;
use crate::collect::systems::{Associations, Node, NodeAssociation};
use crate::fact::{Fact, Unread};
use crate::finding::{Remedy, Severity, Verdict};
use crate::inventory::{Inventory, Region};

/// The check.
pub(super) struct AgentAssociation;

static META: Meta = Meta {
    id: "ssm.agent.association",
    title: "an association keeps a log agent configured on every managed node",
    severity: Severity::Low,
    default: true,
    source: false,
    reads: &[Collector::Nodes, Collector::Associations],
    controls: &["CCC.Logging:CN01"],
    passes: "an association with a document of the policy (ssm.agent_documents) is about the node \
             and last succeeded; one that only installs or only asks is none",
    not_applicable: "the account has no managed node",
    why: "An agent that is set up once by hand is gone with the next machine.",
    fix: FixMeta {
        remedy: Remedy::Blocked,
        how: "by hand: ssm:CreateAssociation of a document of the policy; what the agent is to \
              send is in its own configuration (for AmazonCloudWatch-ManageAgent a parameter of \
              Parameter Store), which only a person can choose",
        undo: Undo::None,
        cloudformation: &["SSM::Association"],
        terraform: &["ssm_association"],
        cost: "",
    },
};

impl Check for AgentAssociation {
    fn meta(&self) -> &'static Meta {
        &META
    }

    fn assess(&self, inventory: &Inventory, baseline: &Baseline, findings: &mut Findings<'_>) {
        let documents = &baseline.ssm.agent_documents;
        each_node(inventory, findings, |region, node| judge(documents, region, node));
        none_anywhere(inventory, findings, |_| true, "the account has no managed node");
    }
}

/// The associations that keep an agent, by their ids; or why it is not known which do.
fn agents<'a>(
    documents: &[String],
    associations: &'a Associations,
) -> Result<(Vec<&'a str>, Option<Unread>), Unread> {
    let (mut ids, mut unread) = (Vec::new(), None);
    for association in associations.all.items().map_err(Unread::clone)? {
        match association.keeps() {
            Fact::Known(kept) if documents.iter().any(|each| crate::arn::matches(each, &kept)) => {
                ids.push(association.association_id.as_str());
            }
            Fact::Known(_) | Fact::Absent => {}
            Fact::Unknown(reason) => unread = Some(reason),
        }
    }
    Ok((ids, unread))
}

fn judge(documents: &[String], region: &Region, node: &Node) -> Verdict {
    let associations = &region.systems.associations;
    let (ids, unread) = match agents(documents, associations) {
        Ok(agents) => agents,
        Err(reason) => return Verdict::unknown(&reason),
    };
    if ids.is_empty() {
        return unread.map_or_else(
            || {
                let reason = "no association keeps a log agent configured";
                Verdict::fail("no-association", reason)
            },
            |reason| Verdict::unknown(&reason),
        );
    }
    let of_node = match associations.by_node.get(&node.instance_id) {
        Some(Fact::Known(of_node)) => of_node.as_slice(),
        Some(Fact::Absent) => &[],
        Some(Fact::Unknown(reason)) => return Verdict::unknown(reason),
        None => return Verdict::unknown(&Unread::not_read()),
    };
    let about: Vec<&NodeAssociation> =
        of_node.iter().filter(|each| ids.contains(&each.association_id.as_str())).collect();
    let with = |status: &str| about.iter().find(|each| each.status == status);
    if let Some(good) = with("Success") {
        let reason = "an association keeps a log agent configured, and last succeeded";
        return Verdict::pass(reason).evidence("AssociationId", good.association_id.as_str());
    }
    if let Some(reason) = unread {
        return Verdict::unknown(&reason);
    }
    if let Some(waiting) = with("Pending") {
        let id = &waiting.association_id;
        return Verdict::fail("not-run", format!("association `{id}` has not run yet")).pending();
    }
    let Some(bad) = about.first() else {
        let reason = "associations keep a log agent configured, and none is about this node";
        return Verdict::fail("not-targeted", reason).evidence("AssociationIds", ids.join(", "));
    };
    let (id, status) = (&bad.association_id, &bad.detailed_status);
    let why = [status, &bad.status].into_iter().find(|word| !word.is_empty());
    let reason = format!(
        "association `{id}` did not succeed: {} {}",
        why.map_or("", String::as_str),
        bad.error_code
    );
    Verdict::fail("not-succeeded", reason.trim_end()).evidence("DetailedStatus", status.as_str())
}
