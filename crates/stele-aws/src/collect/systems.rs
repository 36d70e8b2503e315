//! Systems Manager: managed nodes, and the associations that keep something on them. Instances of
//! EC2, which ought to be such nodes.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::caller::Caller;
use crate::fact::Fact;
use crate::lenient;

/// AWS's own document that configures the CloudWatch agent.
pub const AGENT_DOCUMENT: &str = "AmazonCloudWatch-ManageAgent";
/// AWS's own document that installs a package of anybody's.
const PACKAGE_DOCUMENT: &str = "AWS-ConfigureAWSPackage";

/// Machines of a region.
#[derive(Debug, Clone, Default)]
pub struct Systems {
    /// Machines that Systems Manager knows; stopped ones are not among them.
    pub nodes: Fact<Vec<Node>>,
    /// What is kept on them.
    pub associations: Associations,
    /// Instances of EC2.
    pub instances: Fact<Vec<Instance>>,
}

/// A managed node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Node {
    /// `i-…` or `mi-…`.
    pub instance_id: String,
    /// `Online`, `ConnectionLost`, …
    pub ping_status: String,
    /// When its agent was last heard of, in microseconds.
    #[serde(deserialize_with = "lenient::time")]
    pub last_ping_date_time: Option<i64>,
    /// `EC2Instance`, or `ManagedInstance` for those that are not EC2's.
    pub resource_type: String,
    /// Its own name for itself.
    pub computer_name: String,
}

/// What State Manager keeps on nodes.
#[derive(Debug, Clone, Default)]
pub struct Associations {
    /// All of the region; asked only where there is a node.
    pub all: Fact<Vec<Association>>,
    /// What came of them on each node, by its id; asked only where one may be about an agent.
    pub by_node: BTreeMap<String, Fact<Vec<NodeAssociation>>>,
}

/// An association.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Association {
    /// Its id.
    pub association_id: String,
    /// The document that it runs: a name, or the ARN of somebody else's.
    pub name: String,
    /// What the document is told; asked where what it does depends on it.
    #[serde(skip)]
    pub parameters: Fact<BTreeMap<String, Vec<String>>>,
}

/// An association on a node.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct NodeAssociation {
    /// The association.
    pub association_id: String,
    /// `Success`, `Failed`, `Pending`, …
    pub status: String,
    /// Why, in a word.
    pub detailed_status: String,
    /// Why it failed.
    pub error_code: String,
}

/// An instance of EC2.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Instance {
    /// `i-…`.
    pub instance_id: String,
    /// What it does.
    pub instance_state: InstanceState,
    /// When it was last started, in microseconds.
    #[serde(deserialize_with = "lenient::time")]
    pub launch_time: Option<i64>,
    /// Its tags.
    #[serde(rename = "TagSet", deserialize_with = "lenient::list")]
    pub tags: Vec<super::vpc::Tag>,
}

/// What an instance does.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct InstanceState {
    /// `running`, `stopped`, …
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Reservation {
    #[serde(deserialize_with = "lenient::list")]
    instances_set: Vec<Instance>,
}

impl Node {
    /// Whether it is a machine outside EC2.
    pub fn is_hybrid(&self) -> bool {
        self.resource_type == "ManagedInstance"
    }
}

impl Association {
    /// The document's name without whose it is.
    pub fn document(&self) -> &str {
        self.name.split_once(":document/").map_or(self.name.as_str(), |(_, name)| name)
    }

    /// What it keeps on nodes: the document, or `AWS-ConfigureAWSPackage:<package>`. Absent where
    /// it keeps nothing, as one that only asks how the agent is.
    pub fn keeps(&self) -> Fact<String> {
        let document = self.document();
        if !self.is_told() {
            return Fact::Known(document.to_owned());
        }
        let parameters = match &self.parameters {
            Fact::Known(parameters) => parameters.clone(),
            Fact::Absent => BTreeMap::new(),
            Fact::Unknown(reason) => return Fact::Unknown(reason.clone()),
        };
        let get = |name: &str| parameters.get(name).and_then(|values| values.first());
        let action = get("action").map(String::as_str);
        let kept = if document == AGENT_DOCUMENT {
            // To configure is what the document does where it is told nothing.
            let configures = action.is_none_or(|action| action.starts_with("configure"))
                && action != Some("configure (remove)");
            configures.then(|| document.to_owned())
        } else {
            let installs = action == Some("Install");
            get("name").filter(|_| installs).map(|package| format!("{document}:{package}"))
        };
        kept.map_or(Fact::Absent, Fact::Known)
    }

    /// Whether what it does depends on what it is told.
    fn is_told(&self) -> bool {
        [AGENT_DOCUMENT, PACKAGE_DOCUMENT].contains(&self.document())
    }

    /// Whether it may be about an agent that sends logs: AWS's own documents and packages (whose
    /// names nobody else may begin so) are about other things, but for one.
    fn may_keep_agent(&self) -> bool {
        let kept = match self.keeps() {
            Fact::Known(kept) => kept,
            Fact::Absent => return false,
            Fact::Unknown(_) => return true,
        };
        let name = kept.rsplit(':').next().unwrap_or(&kept);
        let begins = |word: &str| {
            name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
        };
        kept == AGENT_DOCUMENT || !["aws", "amazon", "amzn"].iter().any(|word| begins(word))
    }
}

pub(super) async fn nodes(caller: Caller<'_>) -> Fact<Vec<Node>> {
    caller.list("ssm:DescribeInstanceInformation", &[]).await
}

pub(super) async fn associations(caller: Caller<'_>, nodes: &Fact<Vec<Node>>) -> Associations {
    let nodes = nodes.items().unwrap_or_default();
    if nodes.is_empty() {
        return Associations { all: Fact::Absent, by_node: BTreeMap::new() };
    }
    let listed: Fact<Vec<Association>> = caller.list("ssm:ListAssociations", &[]).await;
    let Fact::Known(mut all) = listed else {
        return Associations { all: listed, by_node: BTreeMap::new() };
    };
    let told = all.iter_mut().filter(|each| each.is_told()).map(|each| async {
        let named = [("AssociationId", each.association_id.as_str())];
        let path = "AssociationDescription.Parameters";
        each.parameters = caller.member("ssm:DescribeAssociation", &named, path).await;
    });
    futures::future::join_all(told).await;
    let mut by_node = BTreeMap::new();
    if all.iter().any(Association::may_keep_agent) {
        let asked = nodes.iter().map(|node| async move {
            let named = [("InstanceId", node.instance_id.as_str())];
            let found = caller.list("ssm:DescribeInstanceAssociationsStatus", &named).await;
            (node.instance_id.clone(), found)
        });
        by_node = futures::future::join_all(asked).await.into_iter().collect();
    }
    Associations { all: Fact::Known(all), by_node }
}

pub(super) async fn instances(caller: Caller<'_>) -> Fact<Vec<Instance>> {
    let found: Fact<Vec<Reservation>> = caller.list("ec2:DescribeInstances", &[]).await;
    found.map(|all| all.into_iter().flat_map(|each| each.instances_set).collect())
}
